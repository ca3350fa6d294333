// The vector type of the AVX-512 table: 16 floats. See vec_scalar.h for what each operation means.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace holdfast::kernels {
namespace {

struct VecAvx512 {
  static constexpr const char* kName = "avx512";
  static constexpr int kWidth = 16;
  // 28 of 32 registers accumulate; 2 hold the row of B, 1 the element of A.
  static constexpr int kTileRows = 14;
  static constexpr int kTileVectors = 2;
  using F = __m512;
  using I = __m512i;
  using M = __mmask16;
  using Tail = __mmask16;

  static Tail tail(std::int64_t n) { return static_cast<Tail>((1u << n) - 1u); }
  static F load(const float* p) { return _mm512_loadu_ps(p); }
  static F load_tail(const float* p, Tail t) { return _mm512_maskz_loadu_ps(t, p); }
  static F load_tail(const float* p, Tail t, F rest) { return _mm512_mask_loadu_ps(rest, t, p); }
  static void store(float* p, F a) { _mm512_storeu_ps(p, a); }
  static void store_tail(float* p, Tail t, F a) { _mm512_mask_storeu_ps(p, t, a); }
  static constexpr bool kStreams = true;
  static void stream(float* p, F a) { _mm512_stream_ps(p, a); }
  static void stream_fence() { _mm_sfence(); }
  static F zero() { return _mm512_setzero_ps(); }
  static F set(float a) { return _mm512_set1_ps(a); }
  static float first(F a) { return _mm512_cvtss_f32(a); }
  template <class At>
  static F lanes(const At& at) {
    return _mm512_setr_ps(at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7), at(8), at(9),
                          at(10), at(11), at(12), at(13), at(14), at(15));
  }

  static F add(F a, F b) { return _mm512_add_ps(a, b); }
  static F sub(F a, F b) { return _mm512_sub_ps(a, b); }
  static F mul(F a, F b) { return _mm512_mul_ps(a, b); }
  static F div(F a, F b) { return _mm512_div_ps(a, b); }
  static F sqrt(F a) { return _mm512_sqrt_ps(a); }
  static F fma(F a, F b, F c) { return _mm512_fmadd_ps(a, b, c); }
  static F fnma(F a, F b, F c) { return _mm512_fnmadd_ps(a, b, c); }
  static F max(F a, F b) { return _mm512_max_ps(a, b); }
  static F min(F a, F b) { return _mm512_min_ps(a, b); }
  static F abs(F a) { return _mm512_abs_ps(a); }
  static F copysign(F magnitude, F sign) {
    // 0xD8: take bits of `sign` where the mask is set, of `magnitude` elsewhere.
    return _mm512_castsi512_ps(
        _mm512_ternarylogic_epi32(_mm512_castps_si512(magnitude), _mm512_castps_si512(sign),
                                  _mm512_set1_epi32(static_cast<int>(0x80000000u)), 0xD8));
  }

  static M gt(F a, F b) { return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ); }
  static M lt(F a, F b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
  static M ge(F a, F b) { return _mm512_cmp_ps_mask(a, b, _CMP_GE_OQ); }
  static M eq(F a, F b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
  static F select(M m, F yes, F no) { return _mm512_mask_blend_ps(m, no, yes); }
  static M either(M a, M b) { return static_cast<M>(a | b); }
  static bool any(M m) { return m != 0; }
  static F select_negative(F sign, F yes, F no) {
    return select(_mm512_cmplt_epi32_mask(bits(sign), _mm512_setzero_si512()), yes, no);
  }

  static M igt(I a, I b) { return _mm512_cmpgt_epi32_mask(a, b); }
  static F zero_where(M m, F a) { return _mm512_maskz_mov_ps(static_cast<M>(~m), a); }

  static I bits(F a) { return _mm512_castps_si512(a); }
  static F from_bits(I a) { return _mm512_castsi512_ps(a); }
  static I set_bits(std::uint32_t a) { return _mm512_set1_epi32(static_cast<int>(a)); }
  static I iadd(I a, I b) { return _mm512_add_epi32(a, b); }
  static I isub(I a, I b) { return _mm512_sub_epi32(a, b); }
  static I iand(I a, I b) { return _mm512_and_si512(a, b); }
  template <int N>
  static I shift_left(I a) {
    return _mm512_slli_epi32(a, N);
  }
  template <int N>
  static I shift_right(I a) {
    return _mm512_srai_epi32(a, N);
  }
  template <int N>
  static I shift_right_unsigned(I a) {
    return _mm512_srli_epi32(a, N);
  }
  static F to_float(I a) { return _mm512_cvtepi32_ps(a); }
  using W = __m512i;
  static constexpr int kCounters = 8;
  static W set_wide(std::uint64_t a) { return _mm512_set1_epi64(static_cast<long long>(a)); }
  static W wadd(W a, W b) { return _mm512_add_epi64(a, b); }
  static W wxor(W a, W b) { return _mm512_xor_si512(a, b); }
  static W multiply_low_halves(W a, W b) { return _mm512_mul_epu32(a, b); }
  static W high_half(W a) { return _mm512_srli_epi64(a, 32); }
  static W low_half(W a) { return _mm512_maskz_mov_epi32(0x5555, a); }
  static W swap_halves(W a) { return _mm512_shuffle_epi32(a, _MM_PERM_CDAB); }
  static W counter_multiples(std::uint32_t first, std::uint32_t factor) {
    const W lanes = _mm512_setr_epi64(0, 4, 1, 5, 2, 6, 3, 7);
    return _mm512_mul_epu32(_mm512_add_epi64(set_wide(first), lanes), set_wide(factor));
  }
  static void interleave(W a, W b, I* words) {
    words[0] = _mm512_unpacklo_epi64(a, b);
    words[1] = _mm512_unpackhi_epi64(a, b);
  }

  using Group = F[1];
  static float fold(const Group& g) {
    const __m256 eight =
        _mm256_add_ps(_mm512_castps512_ps256(g[0]), _mm512_extractf32x8_ps(g[0], 1));
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
  }
  static float fold_max(const Group& g) {
    const __m256 eight =
        _mm256_max_ps(_mm512_castps512_ps256(g[0]), _mm512_extractf32x8_ps(g[0], 1));
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
};

}  // namespace
}  // namespace holdfast::kernels
