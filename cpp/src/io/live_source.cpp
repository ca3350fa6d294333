#include "io/live_source.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/large_buffer.h"
#include "io/parallel.h"
#include "io/part_copy.h"

namespace holdfast::io {
namespace {

// One pwrite each. Stays in the second-level cache together with what it is copied from; begins and
// ends at pages of the file, so that the system never has to fill in part of one.
constexpr std::size_t kWindowBytes = std::size_t{256} << 10;

// Collects the bytes of one shard's file in order and hands them on window by window.
class Windows {
 public:
  explicit Windows(const ShardSink& sink) : sink_(sink), memory_(kWindowBytes) {}

  // Room for at most `size` bytes at the end of what was taken before; never empty.
  std::size_t room(std::uint64_t size) const {
    return static_cast<std::size_t>(std::min<std::uint64_t>(size, kWindowBytes - used_));
  }
  unsigned char* next() const { return memory_.data() + used_; }
  void take(std::size_t size) {
    used_ += size;
    if (used_ == kWindowBytes) flush();
  }
  void flush() {
    if (used_ > 0) sink_(memory_.data(), used_, begin_);
    begin_ += used_;
    used_ = 0;
  }
  std::uint64_t end() const { return begin_ + used_; }

 private:
  const ShardSink& sink_;
  LargeBuffer memory_;
  std::size_t used_ = 0;
  std::uint64_t begin_ = 0;
};

void add_zeros(Windows& windows, std::uint64_t size) {
  while (size > 0) {
    const std::size_t room = windows.room(size);
    std::memset(windows.next(), 0, room);
    windows.take(room);
    size -= room;
  }
}

std::uint64_t add_part(SavePlan& plan, const PlannedPart& planned, Windows& windows) {
  const std::uint64_t bytes = plan.part(planned).bytes;
  std::uint64_t nonfinite = 0;
  for (std::uint64_t at = 0; at < bytes;) {
    const std::size_t size = windows.room(std::min(bytes - at, kChunkBytes - at % kChunkBytes));
    nonfinite += copy_piece(plan, planned, at, size, windows.next(), CopyTo::kCache);
    windows.take(size);
    at += size;
  }
  return nonfinite;
}

}  // namespace

LiveSource::LiveSource(const CheckpointContents& contents, int threads)
    : plan_(plan_save(contents, threads)) {}

void LiveSource::write(std::size_t shard, const ShardHeaderBytes& header, const ShardSink& sink) {
  Windows windows(sink);
  std::memcpy(windows.next(), header.data(), header.size());
  windows.take(header.size());
  for (PlannedPart& planned : plan_.shards[shard]) {
    add_zeros(windows, plan_.part(planned).offset - windows.end());
    planned.nonfinite = add_part(plan_, planned, windows);
  }
  windows.flush();
}

void LiveSource::checksum(int threads) {
  const ShardSink nowhere = [](const unsigned char*, std::size_t, std::uint64_t) {};
  run_parallel(threads, plan_.shards.size(),
               [&](std::size_t shard) { write(shard, ShardHeaderBytes{}, nowhere); });
  plan_.sum_nonfinite();
}

}  // namespace holdfast::io
