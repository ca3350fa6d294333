// Checkpoints as byte strings: the files of a save, laid out as a test wishes. The library decides
// shards by size; here small contents get several, and chunks can be small.
#pragma once

#include <cstdint>

#include "holdfast/checkpoint.h"
#include "io/manifest.h"
#include "memory_io.h"

namespace holdfast::durability {

struct Layout {
  std::size_t shards = 1;
  std::uint64_t chunk_bytes = io::kChunkBytes;
  std::uint64_t split_bytes = 0;  // larger tensors are split along axis 0; 0: none is
  std::uint64_t commit_seq = 1;
  unsigned char save_id = 1;  // its first byte
};

// Requires: contents that plan_save takes, and at least one part for each shard.
Files checkpoint_files(const CheckpointContents& contents, const Layout& layout);

// The COMMIT that belongs to a manifest's text.
std::string commit_of(const io::Manifest& manifest, const std::string& text);

// Every dtype, rank 0, empty tensors, gaps, slots and state; about 3 KB.
CheckpointContents all_dtypes(std::int64_t step);
// About `bytes` of floats in a few tensors, words, and bools; values are a function of the seed.
CheckpointContents large(std::int64_t step, std::size_t bytes, std::uint64_t seed);

}  // namespace holdfast::durability
