// A copy of everything one save holds, laid out as the files it will become. Its memory is kept
// from one save to the next. Not thread-safe; one thread may stage and another save.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/large_buffer.h"
#include "io/save_source.h"

namespace holdfast::io {

class StagedSave final : public SaveSource {
 public:
  // Copies on `threads` threads, which also is the most shards. Empty after an exception. Throws:
  // CheckpointSaveError (ResourceExhausted) when memory is short; as plan_save.
  void stage(const CheckpointContents& contents, int threads);

  bool empty() const noexcept { return empty_; }
  std::uint64_t step() const noexcept { return plan_.manifest.step; }
  std::uint64_t bytes() const noexcept;  // of the files; 0 when empty

  SavePlan& plan() noexcept override { return plan_; }
  void checksum(int) override {}  // known since stage()
  void write(std::size_t shard, const ShardHeaderBytes& header, const ShardSink& sink) override;

 private:
  void reserve();
  void copy(int threads);

  SavePlan plan_;
  std::vector<LargeBuffer> images_;  // of the shards; may be larger and more than needed
  bool empty_ = true;
};

}  // namespace holdfast::io
