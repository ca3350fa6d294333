// The vector type of the scalar table, one float, and the meaning of every operation of a vector
// type: vec_avx2.h, vec_avx512.h and vec_neon.h do the same to each of their lanes.
#pragma once

#include <cstdint>

namespace holdfast::kernels {
namespace {

struct VecScalar {
  static constexpr const char* kName = "scalar";
  static constexpr int kWidth = 1;  // floats in F
  // Register tile of a matrix product: rows, and vectors across. Small: nobody is fast here.
  static constexpr int kTileRows = 2;
  static constexpr int kTileVectors = 4;
  using F = float;          // floats
  using I = std::uint32_t;  // as many 32-bit words
  using M = bool;           // result of a comparison
  using Tail = bool;        // the first n lanes, 0 <= n <= kWidth

  static Tail tail(std::int64_t n) { return n > 0; }
  static F load(const float* p) { return *p; }
  // Touches the memory of the first n lanes only; the other lanes are 0, or those of `rest`.
  static F load_tail(const float* p, Tail t) { return t ? *p : 0.0f; }
  static F load_tail(const float* p, Tail t, F rest) { return t ? *p : rest; }
  static void store(float* p, F a) { *p = a; }
  static void store_tail(float* p, Tail t, F a) {
    if (t) *p = a;
  }
  // store() past the caches, for outputs too large for them; aligned to 64 bytes.
  // stream_fence() ends a series of them. kStreams: whether that is any different from store().
  static constexpr bool kStreams = false;
  static void stream(float* p, F a) { store(p, a); }
  static void stream_fence() {}
  static F zero() { return 0.0f; }
  static F set(float a) { return a; }
  static float first(F a) { return a; }
  // Lane l is at(l): without a way through memory, where a load waits for stores narrower than it.
  template <class At>
  static F lanes(const At& at) {
    return at(0);
  }

  static F add(F a, F b) { return a + b; }
  static F sub(F a, F b) { return a - b; }
  static F mul(F a, F b) { return a * b; }
  static F div(F a, F b) { return a / b; }
  static F sqrt(F a) { return __builtin_sqrtf(a); }
  // a * b + c, and -(a * b) + c, rounded once.
  static F fma(F a, F b, F c) {
#if defined(__FP_FAST_FMAF)
    return __builtin_fmaf(a, b, c);
#else
    return fma_in_double(a, b, c);
#endif
  }
  static F fnma(F a, F b, F c) { return fma(-a, b, c); }
  // Where the operands do not compare (NaN) or are equal (-0 and +0): b, as x86 does.
  static F max(F a, F b) { return a > b ? a : b; }
  static F min(F a, F b) { return a < b ? a : b; }
  static F abs(F a) { return __builtin_fabsf(a); }
  static F copysign(F magnitude, F sign) { return __builtin_copysignf(magnitude, sign); }

  // False where an operand is NaN.
  static M gt(F a, F b) { return a > b; }
  static M lt(F a, F b) { return a < b; }
  static M ge(F a, F b) { return a >= b; }
  static M eq(F a, F b) { return a == b; }
  static F select(M m, F yes, F no) { return m ? yes : no; }
  static M either(M a, M b) { return a || b; }

  static bool any(M m) { return m; }               // of the lanes
  static F select_negative(F sign, F yes, F no) {  // by the sign bit
    return __builtin_signbit(sign) != 0 ? yes : no;
  }

  static M igt(I a, I b) {  // of signed words
    return static_cast<std::int32_t>(a) > static_cast<std::int32_t>(b);
  }
  static F zero_where(M m, F a) { return m ? 0.0f : a; }

  static I bits(F a) {
    I word;
    __builtin_memcpy(&word, &a, sizeof word);
    return word;
  }
  static F from_bits(I a) {
    F value;
    __builtin_memcpy(&value, &a, sizeof value);
    return value;
  }
  static I set_bits(std::uint32_t a) { return a; }
  static I iadd(I a, I b) { return a + b; }
  static I isub(I a, I b) { return a - b; }
  static I iand(I a, I b) { return a & b; }
  template <int N>
  static I shift_left(I a) {
    return a << N;
  }
  template <int N>
  static I shift_right(I a) {  // copies the sign bit
    return static_cast<I>(static_cast<std::int32_t>(a) >> N);
  }
  template <int N>
  static I shift_right_unsigned(I a) {
    return a >> N;
  }
  static F to_float(I a) { return static_cast<float>(static_cast<std::int32_t>(a)); }
  // 64-bit lanes, kCounters of them, for products of words.
  using W = std::uint64_t;
  static constexpr int kCounters = 1;
  static W set_wide(std::uint64_t a) { return a; }
  static W wadd(W a, W b) { return a + b; }
  static W wxor(W a, W b) { return a ^ b; }
  static W multiply_low_halves(W a, W b) {
    return std::uint64_t{static_cast<std::uint32_t>(a)} * static_cast<std::uint32_t>(b);
  }
  static W high_half(W a) { return a >> 32; }
  static W low_half(W a) { return a & 0xFFFFFFFFu; }
  static W swap_halves(W a) { return a << 32 | a >> 32; }
  // factor * (first + j) for the counters j = 0, 1, ... in the order of lanes that interleave()
  // undoes: lane 2 i holds counter i, lane 2 i + 1 counter kCounters / 2 + i.
  static W counter_multiples(std::uint32_t first, std::uint32_t factor) {
    return std::uint64_t{factor} * first;
  }
  // Four words for each counter in ascending order: the low and high half of its lane of a, then b.
  static void interleave(W a, W b, I* words) {
    words[0] = static_cast<I>(a);
    words[1] = static_cast<I>(a >> 32);
    words[2] = static_cast<I>(b);
    words[3] = static_cast<I>(b >> 32);
  }

  // Sixteen lanes, and their reduction by the fixed tree: lane l takes in lane l + 8, then l + 4,
  // l + 2, l + 1.
  using Group = F[16];
  static float fold(const Group& g) {
    float lane[8];
    for (int l = 0; l < 8; ++l) lane[l] = g[l] + g[l + 8];
    for (int l = 0; l < 4; ++l) lane[l] = lane[l] + lane[l + 4];
    for (int l = 0; l < 2; ++l) lane[l] = lane[l] + lane[l + 2];
    return lane[0] + lane[1];
  }
  static float fold_max(const Group& g) {
    float lane[8];
    for (int l = 0; l < 8; ++l) lane[l] = max(g[l], g[l + 8]);
    for (int l = 0; l < 4; ++l) lane[l] = max(lane[l], lane[l + 4]);
    for (int l = 0; l < 2; ++l) lane[l] = max(lane[l], lane[l + 2]);
    return max(lane[0], lane[1]);
  }

  // dst[j * dst_stride + i] = src[i * src_stride + j] for i, j < 4.
  static void transpose4(const float* src, std::int64_t src_stride, float* dst,
                         std::int64_t dst_stride) {
    for (int i = 0; i < 4; ++i) {
      for (int j = 0; j < 4; ++j) dst[j * dst_stride + i] = src[i * src_stride + j];
    }
  }

 private:
  // FMA for processors without it. The product of two floats is exact in double; the sum is rounded
  // to odd there (the last bit says whether anything was lost), after which rounding to float is
  // the one rounding of the exact result.
  // Source: Boldo, Melquiond, "Emulation of a FMA and correctly rounded sums", IEEE TC 57 (2008).
  [[maybe_unused]] static F fma_in_double(F a, F b, F c) {
    const double product = static_cast<double>(a) * static_cast<double>(b);
    const double addend = c;
    const double sum = product + addend;
    // The rounding error of the sum (Knuth's TwoSum); NaN when the sum is not finite.
    const double virtual_addend = sum - product;
    const double error = (product - (sum - virtual_addend)) + (addend - virtual_addend);
    std::uint64_t word;
    __builtin_memcpy(&word, &sum, sizeof word);
    if ((error < 0.0 || error > 0.0) && (word & 1u) == 0) {
      word += ((error > 0.0) == (sum > 0.0)) ? 1u : ~std::uint64_t{0};
    }
    double odd;
    __builtin_memcpy(&odd, &word, sizeof odd);
    return static_cast<float>(odd);
  }
};

}  // namespace
}  // namespace holdfast::kernels
