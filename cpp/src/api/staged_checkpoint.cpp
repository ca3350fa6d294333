#include "api/staged_checkpoint.h"

#include "base/thread_pool.h"
#include "holdfast/error.h"

namespace holdfast {

StagedCheckpoint::StagedCheckpoint() : impl_(std::make_unique<Impl>()) {}
StagedCheckpoint::~StagedCheckpoint() = default;
StagedCheckpoint::StagedCheckpoint(StagedCheckpoint&&) noexcept = default;
StagedCheckpoint& StagedCheckpoint::operator=(StagedCheckpoint&&) noexcept = default;

void StagedCheckpoint::stage(const CheckpointContents& contents, int threads) {
  if (impl_ == nullptr) impl_ = std::make_unique<Impl>();  // moved from
  impl_->copy.stage(contents, threads > 0 ? threads : default_thread_count());
}

bool StagedCheckpoint::empty() const noexcept { return impl_ == nullptr || impl_->copy.empty(); }

std::int64_t StagedCheckpoint::step() const {
  if (empty())
    throw Error(Code::kFailedPrecondition,
                "StagedCheckpoint: expected one that holds a copy, got an empty one. Stage first.");
  return static_cast<std::int64_t>(impl_->copy.step());
}

std::int64_t StagedCheckpoint::bytes() const noexcept {
  return empty() ? 0 : static_cast<std::int64_t>(impl_->copy.bytes());
}

}  // namespace holdfast
