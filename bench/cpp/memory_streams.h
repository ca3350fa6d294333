// What the memory of this machine gives at most to passes over arrays: the same number of arrays
// read and written as a kernel, with next to no arithmetic.
#pragma once

#include <cstdint>

#if defined(__x86_64__)
#include <immintrin.h>
#define HOLDFAST_BENCH_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define HOLDFAST_BENCH_CLONES
#endif

namespace holdfast::bench {

constexpr float kShrink = 0.9999f;  // numbers stay what they are, however often a pass is repeated

// The arrays a pass moves. kInPlace: what is written was read.
enum class Streams {
  kRead,            // 4 bytes an element
  kInPlace,         // read and written: 8
  kCopy,            // one read, another written: 8
  kAddInPlace,      // two read, one of them written: 12
  kAdd,             // two read, a third written: 12
  kAddThree,        // three read, a fourth written: 16
  kAddTwicePlaces,  // three read, two of them written: 20
};

inline double bytes_of(Streams streams) {
  constexpr double kBytes[] = {4, 8, 8, 12, 12, 16, 20};
  return kBytes[static_cast<int>(streams)];
}

struct StreamArrays {
  float* a;
  float* b;
  float* c;
  float* d;
};

HOLDFAST_BENCH_CLONES inline void stream_in_place(float* a, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) a[i] *= kShrink;
}
HOLDFAST_BENCH_CLONES inline void stream_copy(const float* __restrict a, float* __restrict b,
                                              std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) b[i] = a[i] * kShrink;
}
HOLDFAST_BENCH_CLONES inline void stream_add_in_place(float* __restrict a,
                                                      const float* __restrict b, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) a[i] = (a[i] + b[i]) * 0.5f;
}
HOLDFAST_BENCH_CLONES inline void stream_add(const float* __restrict a, const float* __restrict b,
                                             float* __restrict c, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) c[i] = (a[i] + b[i]) * 0.5f;
}
HOLDFAST_BENCH_CLONES inline void stream_add_three(const float* __restrict a,
                                                   const float* __restrict b,
                                                   const float* __restrict c, float* __restrict d,
                                                   std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) d[i] = (a[i] + b[i] + c[i]) * 0.3f;
}
HOLDFAST_BENCH_CLONES inline void stream_add_twice(float* __restrict a, float* __restrict b,
                                                   const float* __restrict c, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    a[i] = (a[i] + c[i]) * 0.5f;
    b[i] = (b[i] + c[i]) * 0.5f;
  }
}
HOLDFAST_BENCH_CLONES inline float stream_read(const float* a, std::int64_t n) {
  float lanes[64] = {};
  for (std::int64_t i = 0; i + 64 <= n; i += 64) {
    for (int l = 0; l < 64; ++l) lanes[l] += a[i + l];
  }
  // Every lane counts, or the compiler leaves out the lines of those that do not.
  float total = 0;
  for (const float lane : lanes) total += lane;
  return total;
}

// The copy and the sum again, past the caches: no line of the output is fetched only to be
// overwritten. The fairest rival of a kernel that may do so too.
#if defined(__x86_64__)
__attribute__((target("avx2"))) inline void stream_copy_past_caches(const float* a, float* b,
                                                                    std::int64_t n) {
  const __m256 shrink = _mm256_set1_ps(kShrink);
  for (std::int64_t i = 0; i + 8 <= n; i += 8) {
    _mm256_stream_ps(b + i, _mm256_mul_ps(shrink, _mm256_loadu_ps(a + i)));
  }
  _mm_sfence();
}
__attribute__((target("avx2"))) inline void stream_add_past_caches(const float* a, const float* b,
                                                                   float* c, std::int64_t n) {
  for (std::int64_t i = 0; i + 8 <= n; i += 8) {
    const __m256 sum = _mm256_add_ps(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i));
    _mm256_stream_ps(c + i, _mm256_mul_ps(sum, _mm256_set1_ps(0.5f)));
  }
  _mm_sfence();
}
#endif

// Elements begin .. begin + n of the pass.
inline void run_streams(Streams streams, const StreamArrays& s, std::int64_t begin, std::int64_t n,
                        bool past_caches) {
  float* const a = s.a + begin;
  float* const b = s.b + begin;
  float* const c = s.c + begin;
  float* const d = s.d + begin;
#if defined(__x86_64__)
  if (past_caches && streams == Streams::kCopy) return stream_copy_past_caches(a, b, n);
  if (past_caches && streams == Streams::kAdd) return stream_add_past_caches(a, b, c, n);
#endif
  static_cast<void>(past_caches);
  switch (streams) {
    case Streams::kRead: {
      volatile float keep = stream_read(a, n);
      static_cast<void>(keep);
      return;
    }
    case Streams::kInPlace:
      return stream_in_place(a, n);
    case Streams::kCopy:
      return stream_copy(a, b, n);
    case Streams::kAddInPlace:
      return stream_add_in_place(a, b, n);
    case Streams::kAdd:
      return stream_add(a, b, c, n);
    case Streams::kAddThree:
      return stream_add_three(a, b, c, d, n);
    case Streams::kAddTwicePlaces:
      return stream_add_twice(a, b, c, n);
  }
}

}  // namespace holdfast::bench
