// Splits element-by-element work between threads.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/thread_pool.h"

namespace holdfast {

// Decided once, when a program is planned: waking a thread costs about as much as 32k elements.
class ElementwiseSplit {
 public:
  ElementwiseSplit(std::int64_t size, int threads)
      : size_(size),
        parts_(static_cast<int>(std::clamp<std::int64_t>(size / kElementsPerPart, 1, threads))) {}

  // Calls body(begin, count) for parts that start at multiples of 64 elements.
  template <typename Body>
  void run(ThreadPool& pool, const Body& body) const {
    if (parts_ == 1) {
      body(std::int64_t{0}, size_);
      return;
    }
    pool.parallel(parts_, [&](int part) {
      const Range range = split_range(size_, parts_, part, kGrain);
      body(range.begin, range.end - range.begin);
    });
  }

 private:
  static constexpr std::int64_t kElementsPerPart = 32768;
  static constexpr std::int64_t kGrain = 64;  // no cache line is written by two threads
  std::int64_t size_;
  int parts_;
};

}  // namespace holdfast
