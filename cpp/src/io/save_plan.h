// What a save will write: which rows of which tensor go where in which shard. Made from the
// contents alone; holds no file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "holdfast/checkpoint.h"
#include "io/manifest.h"

namespace holdfast::io {

// A part in the order of its shard.
struct PlannedPart {
  std::size_t tensor;  // index into manifest.tensors
  std::size_t part;    // index into its parts
};

struct SavePlan {
  Manifest manifest;  // CRCs and nonfinite counts are filled in while writing
  std::vector<std::vector<PlannedPart>> shards;
  std::vector<const unsigned char*> sources;  // of manifest.tensors: the first byte of part 0
  std::vector<std::string> strings;           // owns what string tensors become on disk
};

// Borrows the tensors of `contents`. Shards: min(threads, total / 64 MiB rounded up), balanced by
// size; tensors larger than a shard are split along axis 0. Throws: InvalidArgument for contents
// that are no checkpoint (names twice, no global_step, state that is no JSON object).
SavePlan plan_save(const CheckpointContents& contents, int threads);

// Called with each block after it was copied, counted and added to its CRC.
using BlockSink = std::function<void(std::size_t shard, const unsigned char* block,
                                     std::size_t size, std::uint64_t offset)>;

// One pass over one shard's parts: copies each block to memory of its own, computes the CRCs from
// that copy (never from the live tensor, which somebody may be changing) and gives it to `sink`
// (which may be empty). Fills in the manifest's CRCs and adds to `nonfinite` by tensor.
void stage_shard(SavePlan& plan, std::size_t shard, const BlockSink& sink,
                 std::vector<std::uint64_t>& nonfinite);

// NaN and infinite values in a block of whole elements.
std::uint64_t count_nonfinite(DType dtype, const unsigned char* block, std::size_t size);

}  // namespace holdfast::io
