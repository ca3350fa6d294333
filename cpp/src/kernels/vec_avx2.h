// The vector type of the AVX2 table: 8 floats. See vec_scalar.h for what each operation means.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace holdfast::kernels {
namespace {

struct VecAvx2 {
  static constexpr const char* kName = "avx2";
  static constexpr int kWidth = 8;
  // 12 of 16 registers accumulate; 2 hold the row of B, 1 the element of A.
  static constexpr int kTileRows = 6;
  static constexpr int kTileVectors = 2;
  using F = __m256;
  using I = __m256i;
  using M = __m256;
  struct Tail {
    __m256i mask;
    int count;
  };

  static Tail tail(std::int64_t n) {
    const I lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const int count = static_cast<int>(n);
    return {_mm256_cmpgt_epi32(_mm256_set1_epi32(count), lanes), count};
  }
  static F load(const float* p) { return _mm256_loadu_ps(p); }
  static F load_tail(const float* p, Tail t) { return _mm256_maskload_ps(p, t.mask); }
  static F load_tail(const float* p, Tail t, F rest) {
    return _mm256_blendv_ps(rest, _mm256_maskload_ps(p, t.mask), _mm256_castsi256_ps(t.mask));
  }
  static void store(float* p, F a) { _mm256_storeu_ps(p, a); }
  // In pieces: a masked store takes tens of cycles on AMD processors before Zen 5.
  static void store_tail(float* p, Tail t, F a) {
    if (t.count == kWidth) return store(p, a);
    __m128 rest = _mm256_castps256_ps128(a);
    if ((t.count & 4) != 0) {
      _mm_storeu_ps(p, rest);
      rest = _mm256_extractf128_ps(a, 1);
      p += 4;
    }
    if ((t.count & 2) != 0) {
      _mm_storel_pi(reinterpret_cast<__m64*>(p), rest);
      rest = _mm_movehl_ps(rest, rest);
      p += 2;
    }
    if ((t.count & 1) != 0) _mm_store_ss(p, rest);
  }
  static constexpr bool kStreams = true;
  static void stream(float* p, F a) { _mm256_stream_ps(p, a); }
  static void stream_fence() { _mm_sfence(); }
  static F zero() { return _mm256_setzero_ps(); }
  static F set(float a) { return _mm256_set1_ps(a); }
  static float first(F a) { return _mm256_cvtss_f32(a); }
  template <class At>
  static F lanes(const At& at) {
    return _mm256_setr_ps(at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7));
  }

  static F add(F a, F b) { return _mm256_add_ps(a, b); }
  static F sub(F a, F b) { return _mm256_sub_ps(a, b); }
  static F mul(F a, F b) { return _mm256_mul_ps(a, b); }
  static F div(F a, F b) { return _mm256_div_ps(a, b); }
  static F sqrt(F a) { return _mm256_sqrt_ps(a); }
  static F fma(F a, F b, F c) { return _mm256_fmadd_ps(a, b, c); }
  static F fnma(F a, F b, F c) { return _mm256_fnmadd_ps(a, b, c); }
  static F max(F a, F b) { return _mm256_max_ps(a, b); }
  static F min(F a, F b) { return _mm256_min_ps(a, b); }
  static F abs(F a) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a); }
  static F copysign(F magnitude, F sign) {
    const F mask = _mm256_set1_ps(-0.0f);
    return _mm256_or_ps(_mm256_andnot_ps(mask, magnitude), _mm256_and_ps(mask, sign));
  }

  static M gt(F a, F b) { return _mm256_cmp_ps(a, b, _CMP_GT_OQ); }
  static M lt(F a, F b) { return _mm256_cmp_ps(a, b, _CMP_LT_OQ); }
  static M ge(F a, F b) { return _mm256_cmp_ps(a, b, _CMP_GE_OQ); }
  static M eq(F a, F b) { return _mm256_cmp_ps(a, b, _CMP_EQ_OQ); }
  static F select(M m, F yes, F no) { return _mm256_blendv_ps(no, yes, m); }
  static M either(M a, M b) { return _mm256_or_ps(a, b); }
  static bool any(M m) { return _mm256_movemask_ps(m) != 0; }
  static F select_negative(F sign, F yes, F no) { return _mm256_blendv_ps(no, yes, sign); }

  static M igt(I a, I b) { return _mm256_castsi256_ps(_mm256_cmpgt_epi32(a, b)); }
  static F zero_where(M m, F a) { return _mm256_andnot_ps(m, a); }

  static I bits(F a) { return _mm256_castps_si256(a); }
  static F from_bits(I a) { return _mm256_castsi256_ps(a); }
  static I set_bits(std::uint32_t a) { return _mm256_set1_epi32(static_cast<int>(a)); }
  static I iadd(I a, I b) { return _mm256_add_epi32(a, b); }
  static I isub(I a, I b) { return _mm256_sub_epi32(a, b); }
  static I iand(I a, I b) { return _mm256_and_si256(a, b); }
  template <int N>
  static I shift_left(I a) {
    return _mm256_slli_epi32(a, N);
  }
  template <int N>
  static I shift_right(I a) {
    return _mm256_srai_epi32(a, N);
  }
  template <int N>
  static I shift_right_unsigned(I a) {
    return _mm256_srli_epi32(a, N);
  }
  static F to_float(I a) { return _mm256_cvtepi32_ps(a); }
  using W = __m256i;
  static constexpr int kCounters = 4;
  static W set_wide(std::uint64_t a) { return _mm256_set1_epi64x(static_cast<long long>(a)); }
  static W wadd(W a, W b) { return _mm256_add_epi64(a, b); }
  static W wxor(W a, W b) { return _mm256_xor_si256(a, b); }
  static W multiply_low_halves(W a, W b) { return _mm256_mul_epu32(a, b); }
  static W high_half(W a) { return _mm256_srli_epi64(a, 32); }
  static W low_half(W a) { return _mm256_blend_epi32(_mm256_setzero_si256(), a, 0x55); }
  static W swap_halves(W a) { return _mm256_shuffle_epi32(a, 0xB1); }
  static W counter_multiples(std::uint32_t first, std::uint32_t factor) {
    const W counters = _mm256_add_epi64(set_wide(first), _mm256_setr_epi64x(0, 2, 1, 3));
    return _mm256_mul_epu32(counters, set_wide(factor));
  }
  static void interleave(W a, W b, I* words) {
    words[0] = _mm256_unpacklo_epi64(a, b);
    words[1] = _mm256_unpackhi_epi64(a, b);
  }

  using Group = F[2];
  static float fold(const Group& g) {
    const F eight = _mm256_add_ps(g[0], g[1]);
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
  }
  static float fold_max(const Group& g) {
    const F eight = _mm256_max_ps(g[0], g[1]);
    const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_shuffle_ps(two, two, 1)));
  }

  static void transpose4(const float* src, std::int64_t src_stride, float* dst,
                         std::int64_t dst_stride) {
    __m128 r0 = _mm_loadu_ps(src);
    __m128 r1 = _mm_loadu_ps(src + src_stride);
    __m128 r2 = _mm_loadu_ps(src + 2 * src_stride);
    __m128 r3 = _mm_loadu_ps(src + 3 * src_stride);
    _MM_TRANSPOSE4_PS(r0, r1, r2, r3);
    _mm_storeu_ps(dst, r0);
    _mm_storeu_ps(dst + dst_stride, r1);
    _mm_storeu_ps(dst + 2 * dst_stride, r2);
    _mm_storeu_ps(dst + 3 * dst_stride, r3);
  }
  static void transpose8(const float* src, std::int64_t src_stride, float* dst,
                         std::int64_t dst_stride) {
    // Rows i and i + 4 share a register: what is left is to transpose squares of four.
    F row[4];
    F more[4];
    for (int i = 0; i < 4; ++i) {
      const float* low = src + i * src_stride;
      const float* high = low + 4 * src_stride;
      row[i] =
          _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(low)), _mm_loadu_ps(high), 1);
      more[i] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(low + 4)),
                                     _mm_loadu_ps(high + 4), 1);
    }
    transpose_squares(row, dst, dst_stride);
    transpose_squares(more, dst + 4 * dst_stride, dst_stride);
  }

 private:
  static void transpose_squares(const F (&row)[4], float* dst, std::int64_t dst_stride) {
    const F a = _mm256_unpacklo_ps(row[0], row[1]);
    const F b = _mm256_unpackhi_ps(row[0], row[1]);
    const F c = _mm256_unpacklo_ps(row[2], row[3]);
    const F d = _mm256_unpackhi_ps(row[2], row[3]);
    store(dst, _mm256_shuffle_ps(a, c, 0x44));
    store(dst + dst_stride, _mm256_shuffle_ps(a, c, 0xEE));
    store(dst + 2 * dst_stride, _mm256_shuffle_ps(b, d, 0x44));
    store(dst + 3 * dst_stride, _mm256_shuffle_ps(b, d, 0xEE));
  }
};

}  // namespace
}  // namespace holdfast::kernels
