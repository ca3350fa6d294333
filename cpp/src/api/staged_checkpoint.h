// What a StagedCheckpoint holds. Used by staged_checkpoint.cpp (making it) and
// checkpoint_writer.cpp (saving it).
#pragma once

#include "holdfast/checkpoint.h"
#include "io/staged_save.h"

namespace holdfast {

struct StagedCheckpoint::Impl {
  io::StagedSave copy;
};

}  // namespace holdfast
