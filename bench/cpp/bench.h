// What every benchmark here shares: timing with a median and a spread, and the head of the report.
#pragma once

#include <time.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "holdfast/version.h"

namespace holdfast::bench {

// Processor time of the calling thread: what other programs of a shared machine take away does not
// count.
inline double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

struct Timing {
  double median = 0;  // seconds for one call
  double spread = 0;  // (90th percentile - 10th percentile) / median
};

// Calls body() until `seconds` have gone by, in samples of at least 20 µs each.
template <class Body>
Timing time_calls(const Body& body, double seconds = 0.3) {
  const auto run = [&](int calls) {
    const double start = thread_seconds();
    for (int i = 0; i < calls; ++i) body();
    return thread_seconds() - start;
  };
  run(1);  // warms the caches, and the pages of the outputs
  int calls = 1;
  while (run(calls) < 20e-6) calls *= 2;
  std::vector<double> samples;
  const double start = thread_seconds();
  while (samples.size() < 5 || thread_seconds() - start < seconds) {
    samples.push_back(run(calls) / calls);
  }
  std::sort(samples.begin(), samples.end());
  const auto at = [&](double share) {
    return samples[static_cast<std::size_t>(share * static_cast<double>(samples.size() - 1))];
  };
  return {at(0.5), (at(0.9) - at(0.1)) / at(0.5)};
}

// `floats` floats at a 64-byte boundary, filled with small numbers of both signs.
class Buffer {
 public:
  explicit Buffer(std::int64_t floats, float offset = 0.0f)
      : size_(floats),
        data_(static_cast<float*>(
            std::aligned_alloc(64, static_cast<std::size_t>(floats + 16) / 16 * 64 + 64))) {
    std::uint32_t word = 12345;
    for (std::int64_t i = 0; i < floats; ++i) {
      word = word * 1664525u + 1013904223u;  // Numerical Recipes' generator
      data_[i] = static_cast<float>(word >> 8) * 0x1p-24f - 0.5f + offset;
    }
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { std::free(data_); }
  float* data() const { return data_; }
  std::int64_t size() const { return size_; }

 private:
  std::int64_t size_;
  float* data_;
};

inline std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  }
  return "unknown processor";
}

inline void print_head(const char* name, int threads) {
  std::printf("%s, holdfast %s, %s, threads %d\n", name, version(), processor().c_str(), threads);
}

// Ends the program where an answer is wrong: a fast wrong kernel is no result.
inline void check(bool right, const std::string& what) {
  if (right) return;
  std::fprintf(stderr, "%s: the answer is wrong\n", what.c_str());
  std::exit(1);
}

}  // namespace holdfast::bench
