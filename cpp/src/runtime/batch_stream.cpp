#include "runtime/batch_stream.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace holdfast {
namespace {

// A batch_size may be far above the number of rows ("all of them"): lists grow with what comes.
constexpr std::int64_t kFirstRead = std::int64_t{1} << 16;

std::int64_t read_up_to(IndexStream& input, std::int64_t wanted, std::vector<std::int64_t>& to) {
  std::int64_t have = 0;
  while (have < wanted) {
    const std::int64_t more = std::min(wanted - have, std::max(have, kFirstRead));
    to.resize(static_cast<std::size_t>(have + more));
    const std::int64_t got = input.next(to.data() + have, more);
    have += got;
    if (got < more) break;
  }
  to.resize(static_cast<std::size_t>(have));
  return have;
}

}  // namespace

BatchStream::BatchStream(int store, std::unique_ptr<IndexStream> input, std::int64_t batch_size,
                         bool drop_remainder, const StoreSet& rows)
    : base_(static_cast<std::int64_t>(store) << kSlotBits),
      input_(std::move(input)),
      batch_size_(batch_size),
      drop_remainder_(drop_remainder),
      rows_(rows) {}

std::int64_t BatchStream::next(std::int64_t* indices, std::int64_t count) {
  for (std::int64_t given = 0; given < count; ++given) {
    if (free_.empty()) {
      free_.push_back(static_cast<std::int64_t>(batches_.size()));
      batches_.emplace_back();
    }
    const std::int64_t slot = free_.back();
    std::vector<std::int64_t>& batch = batches_[static_cast<std::size_t>(slot)];
    const std::int64_t got = read_up_to(*input_, batch_size_, batch);
    if (got == 0 || (drop_remainder_ && got < batch_size_)) {
      rows_.release(batch.data(), got);
      return given;
    }
    free_.pop_back();
    indices[given] = base_ + slot;
  }
  return count;
}

std::int64_t BatchStream::skip(std::int64_t count) {
  const std::int64_t most = std::numeric_limits<std::int64_t>::max() / batch_size_;
  return batch_size_of(input_->skip(std::min(count, most) * batch_size_), batch_size_,
                       drop_remainder_);
}

std::int64_t BatchStream::size() const {
  return batch_size_of(input_->size(), batch_size_, drop_remainder_);
}

void BatchStream::release(std::int64_t slot) {
  const std::vector<std::int64_t>& rows = batch(slot);
  rows_.release(rows.data(), static_cast<std::int64_t>(rows.size()));
  free_.push_back(slot);
}

}  // namespace holdfast
