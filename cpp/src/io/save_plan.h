// What a save will write: which rows of which tensor go where in which shard. Made from the
// contents alone; holds no file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "holdfast/checkpoint.h"
#include "io/manifest.h"

namespace holdfast::io {

// A part in the order of its shard.
struct PlannedPart {
  std::size_t tensor;           // index into manifest.tensors
  std::size_t part;             // index into its parts
  const unsigned char* source;  // its first byte in memory
  std::uint64_t nonfinite = 0;  // filled in while copying
};

struct SavePlan {
  Manifest manifest;  // CRCs and nonfinite counts are filled in while copying
  std::vector<std::vector<PlannedPart>> shards;
  std::vector<std::string> strings;  // owns what string tensors become on disk

  PartEntry& part(const PlannedPart& planned) {
    return manifest.tensors[planned.tensor].parts[planned.part];
  }
  // Adds up the parts' counts for the manifest.
  void sum_nonfinite();
  // Once everything is copied.
  void forget_sources();
};

// Borrows the tensors of `contents`. Shards: min(threads, total / 64 MiB rounded up), balanced by
// size; tensors larger than a shard are split along axis 0. Throws: InvalidArgument for contents
// that are no checkpoint (names twice, no global_step, state that is no JSON object).
SavePlan plan_save(const CheckpointContents& contents, int threads);

}  // namespace holdfast::io
