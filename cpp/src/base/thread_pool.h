// A pool of worker threads, started at its first use. Idle threads sleep.
#pragma once

#include <atomic>
#include <cstdint>

namespace holdfast {

// Threads the machine grants this process: min(affinity mask, cgroup CPU quota), at least 1;
// HOLDFAST_NUM_THREADS, then OMP_NUM_THREADS, override it.
int default_thread_count();

// Splits work statically: which part runs on which thread never changes a result, because every
// output element is computed by one part in one fixed order. parallel() may be called from many
// threads at once: one has the workers, and the others, as a call from inside a part, run their
// parts one after the other. A forked child has workers of its own.
class ThreadPool {
 public:
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const noexcept;

  // Calls body(part) for part = 0..parts-1, part 0 on the calling thread, and returns when all are
  // done. parts = 1 costs a plain call. Allocates nothing. The first exception of a part is thrown
  // again here.
  template <typename Body>
  void parallel(int parts, const Body& body) {
    if (parts <= 1) {
      if (parts == 1) body(0);
      return;
    }
    run(
        parts, [](const void* context, int part) { (*static_cast<const Body*>(context))(part); },
        &body);
  }

 private:
  using Part = void (*)(const void* context, int part);
  void run(int parts, Part part, const void* context);

  struct Impl;
  Impl& of_this_process();
  std::atomic<Impl*> impl_{nullptr};
};

// The half-open range of `count` items that belongs to `part` of `parts`; every boundary but the
// last is a multiple of `grain`.
struct Range {
  std::int64_t begin;
  std::int64_t end;
};
inline Range split_range(std::int64_t count, int parts, int part, std::int64_t grain = 1) {
  const std::int64_t grains = (count + grain - 1) / grain;
  const auto edge = [&](std::int64_t p) {
    const std::int64_t at = grains * p / parts * grain;
    return at < count ? at : count;
  };
  return {edge(part), edge(part + 1)};
}

}  // namespace holdfast
