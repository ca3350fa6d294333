// A save straight from tensors that nobody changes meanwhile: no copy of the state is made, only
// one window of it at a time.
#pragma once

#include "io/save_source.h"

namespace holdfast::io {

class LiveSource final : public SaveSource {
 public:
  // Borrows the tensors of `contents`. Throws: as plan_save.
  LiveSource(const CheckpointContents& contents, int threads);

  SavePlan& plan() noexcept override { return plan_; }
  void checksum(int threads) override;
  void write(std::size_t shard, const ShardHeaderBytes& header, const ShardSink& sink) override;

 private:
  SavePlan plan_;
};

}  // namespace holdfast::io
