// Where a save takes its bytes from: the live tensors, block by block (LiveSource), or a copy made
// earlier (StagedSave). Everything else about a save is the same for both.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "io/save_plan.h"
#include "io/shard.h"

namespace holdfast::io {

// Called with consecutive pieces of a shard's file, from its first byte to its last.
using ShardSink =
    std::function<void(const unsigned char* bytes, std::size_t size, std::uint64_t offset)>;

class SaveSource {
 public:
  virtual ~SaveSource() = default;

  virtual SavePlan& plan() noexcept = 0;
  // Fills in the plan's CRCs and nonfinite counts without writing anything.
  virtual void checksum(int threads) = 0;
  // Gives the bytes of one shard to `sink`. The CRCs and nonfinite counts of the plan are right
  // once all shards were written. Different shards may be written from several threads at once.
  virtual void write(std::size_t shard, const ShardHeaderBytes& header, const ShardSink& sink) = 0;
};

}  // namespace holdfast::io
