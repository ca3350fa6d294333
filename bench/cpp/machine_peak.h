// What one core of this machine can do at most, measured, for the benchmarks to compare with.
#pragma once

#include <cstdint>
#include <string>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#include "bench.h"

namespace holdfast::bench {

constexpr int kChains = 20;  // independent FMA chains: enough for 2 a cycle at 5 cycles of latency
constexpr int kFmaSteps = 20000;

#if defined(__x86_64__)
__attribute__((target("avx512f"))) inline float fma_chains_avx512() {
  __m512 sum[kChains];
  for (auto& s : sum) s = _mm512_set1_ps(1.0f);
  const __m512 factor = _mm512_set1_ps(0.999f);
  for (int i = 0; i < kFmaSteps; ++i) {
#pragma GCC unroll 20
    for (int c = 0; c < kChains; ++c) sum[c] = _mm512_fmadd_ps(sum[c], factor, factor);
  }
  __m512 total = sum[0];
  for (int c = 1; c < kChains; ++c) total = _mm512_add_ps(total, sum[c]);
  return _mm512_cvtss_f32(total);
}
__attribute__((target("avx2,fma"))) inline float fma_chains_avx2() {
  constexpr int kFew = 12;  // of 16 registers
  __m256 sum[kFew];
  for (auto& s : sum) s = _mm256_set1_ps(1.0f);
  const __m256 factor = _mm256_set1_ps(0.999f);
  for (int i = 0; i < kFmaSteps; ++i) {
#pragma GCC unroll 12
    for (int c = 0; c < kFew; ++c) sum[c] = _mm256_fmadd_ps(sum[c], factor, factor);
  }
  __m256 total = sum[0];
  for (int c = 1; c < kFew; ++c) total = _mm256_add_ps(total, sum[c]);
  return _mm256_cvtss_f32(total);
}
#elif defined(__aarch64__)
inline float fma_chains_neon() {
  float32x4_t sum[kChains];
  for (auto& s : sum) s = vdupq_n_f32(1.0f);
  const float32x4_t factor = vdupq_n_f32(0.999f);
  for (int i = 0; i < kFmaSteps; ++i) {
#pragma GCC unroll 20
    for (int c = 0; c < kChains; ++c) sum[c] = vfmaq_f32(factor, sum[c], factor);
  }
  float32x4_t total = sum[0];
  for (int c = 1; c < kChains; ++c) total = vaddq_f32(total, sum[c]);
  return vgetq_lane_f32(total, 0);
}
#endif

// Floating-point operations a second of FMAs on registers alone; 0 for a table without FMA
// instructions.
inline double peak_flops(const std::string& isa) {
  volatile float keep = 0;
  const auto rate = [&](float (*chains)(), int width, int count) {
    const Timing t = time_calls([&] { keep = chains(); }, 0.05);
    return 2.0 * width * count * kFmaSteps / t.median;
  };
#if defined(__x86_64__)
  if (isa == "avx512") return rate(&fma_chains_avx512, 16, kChains);
  if (isa == "avx2") return rate(&fma_chains_avx2, 8, 12);
#elif defined(__aarch64__)
  if (isa == "neon") return rate(&fma_chains_neon, 4, kChains);
#endif
  return 0;
}

}  // namespace holdfast::bench
