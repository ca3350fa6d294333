// Contents of checkpoints that follow from (step, variant) alone, so that whoever finds one knows
// every byte that it must have.
#pragma once

#include <string>

#include "holdfast/checkpoint.h"
#include "io/opened.h"

namespace holdfast::durability {

// About 25 KB in one shard: every kind of tensor, parts over several pages of 4 KiB.
CheckpointContents contents_of(int step, int variant);

// The variant that the manifest of a checkpoint speaks of; -1 when it is not one of ours.
int variant_of(const io::OpenedCheckpoint& opened);

// "", or how what is read differs from contents_of(step, variant). Throws what reading throws.
std::string difference(const io::OpenedCheckpoint& opened, int step, int variant);

// The text of notes of retention: a member of it tells variants apart.
std::string notes_of(int variant);
int variant_of_notes(const std::string& text);

}  // namespace holdfast::durability
