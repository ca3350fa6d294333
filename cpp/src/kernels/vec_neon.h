// The vector type of the NEON table: 4 floats. See vec_scalar.h for what each operation means.
#pragma once

#include <arm_neon.h>

#include <cstdint>

namespace holdfast::kernels {
namespace {

struct VecNeon {
  static constexpr const char* kName = "neon";
  static constexpr int kWidth = 4;
  // 24 of 32 registers accumulate; 3 hold the row of B, the rest elements of A.
  static constexpr int kTileRows = 8;
  static constexpr int kTileVectors = 3;
  using F = float32x4_t;
  using I = uint32x4_t;
  using M = uint32x4_t;
  using Tail = int;

  static Tail tail(std::int64_t n) { return static_cast<Tail>(n); }
  static F load(const float* p) { return vld1q_f32(p); }
  static F load_tail(const float* p, Tail t) { return load_tail(p, t, zero()); }
  static F load_tail(const float* p, Tail t, F rest) {
    switch (t) {
      case 4:
        return load(p);
      case 3:
        return vld1q_lane_f32(p + 2, load_two(p, rest), 2);
      case 2:
        return load_two(p, rest);
      case 1:
        return vld1q_lane_f32(p, rest, 0);
      default:
        return rest;
    }
  }
  static void store(float* p, F a) { vst1q_f32(p, a); }
  static void store_tail(float* p, Tail t, F a) {
    if (t == 4) return store(p, a);
    if ((t & 2) != 0) vst1_f32(p, vget_low_f32(a));
    if (t == 3) vst1q_lane_f32(p + 2, a, 2);
    if (t == 1) vst1q_lane_f32(p, a, 0);
  }
  static constexpr bool kStreams = false;
  static void stream(float* p, F a) { store(p, a); }
  static void stream_fence() {}
  static F zero() { return vdupq_n_f32(0.0f); }
  static F set(float a) { return vdupq_n_f32(a); }
  static float first(F a) { return vgetq_lane_f32(a, 0); }
  template <class At>
  static F lanes(const At& at) {
    return F{at(0), at(1), at(2), at(3)};
  }

  static F add(F a, F b) { return vaddq_f32(a, b); }
  static F sub(F a, F b) { return vsubq_f32(a, b); }
  static F mul(F a, F b) { return vmulq_f32(a, b); }
  static F div(F a, F b) { return vdivq_f32(a, b); }
  static F sqrt(F a) { return vsqrtq_f32(a); }
  static F fma(F a, F b, F c) { return vfmaq_f32(c, a, b); }
  static F fnma(F a, F b, F c) { return vfmsq_f32(c, a, b); }
  // Not vmaxq: it treats NaN and signed zeros otherwise.
  static F max(F a, F b) { return vbslq_f32(vcgtq_f32(a, b), a, b); }
  static F min(F a, F b) { return vbslq_f32(vcltq_f32(a, b), a, b); }
  static F abs(F a) { return vabsq_f32(a); }
  static F copysign(F magnitude, F sign) {
    return vbslq_f32(vdupq_n_u32(0x80000000u), sign, magnitude);
  }

  static M gt(F a, F b) { return vcgtq_f32(a, b); }
  static M lt(F a, F b) { return vcltq_f32(a, b); }
  static M ge(F a, F b) { return vcgeq_f32(a, b); }
  static M eq(F a, F b) { return vceqq_f32(a, b); }
  static F select(M m, F yes, F no) { return vbslq_f32(m, yes, no); }
  static M either(M a, M b) { return vorrq_u32(a, b); }
  static bool any(M m) { return vmaxvq_u32(m) != 0; }
  static F select_negative(F sign, F yes, F no) {
    return select(vcltzq_s32(vreinterpretq_s32_f32(sign)), yes, no);
  }

  static M igt(I a, I b) { return vcgtq_s32(vreinterpretq_s32_u32(a), vreinterpretq_s32_u32(b)); }
  static F zero_where(M m, F a) {
    return vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_f32(a), m));
  }

  static I bits(F a) { return vreinterpretq_u32_f32(a); }
  static F from_bits(I a) { return vreinterpretq_f32_u32(a); }
  static I set_bits(std::uint32_t a) { return vdupq_n_u32(a); }
  static I iadd(I a, I b) { return vaddq_u32(a, b); }
  static I isub(I a, I b) { return vsubq_u32(a, b); }
  static I iand(I a, I b) { return vandq_u32(a, b); }
  template <int N>
  static I shift_left(I a) {
    return vshlq_n_u32(a, N);
  }
  template <int N>
  static I shift_right(I a) {
    return vreinterpretq_u32_s32(vshrq_n_s32(vreinterpretq_s32_u32(a), N));
  }
  template <int N>
  static I shift_right_unsigned(I a) {
    return vshrq_n_u32(a, N);
  }
  static F to_float(I a) { return vcvtq_f32_s32(vreinterpretq_s32_u32(a)); }
  using W = uint64x2_t;
  static constexpr int kCounters = 2;
  static W set_wide(std::uint64_t a) { return vdupq_n_u64(a); }
  static W wadd(W a, W b) { return vaddq_u64(a, b); }
  static W wxor(W a, W b) { return veorq_u64(a, b); }
  static W multiply_low_halves(W a, W b) { return vmull_u32(vmovn_u64(a), vmovn_u64(b)); }
  static W high_half(W a) { return vshrq_n_u64(a, 32); }
  static W low_half(W a) { return vandq_u64(a, set_wide(0xFFFFFFFFu)); }
  static W swap_halves(W a) { return vreinterpretq_u64_u32(vrev64q_u32(vreinterpretq_u32_u64(a))); }
  static W counter_multiples(std::uint32_t first, std::uint32_t factor) {
    const W counters = vcombine_u64(vcreate_u64(first), vcreate_u64(std::uint64_t{first} + 1));
    return multiply_low_halves(counters, set_wide(factor));
  }
  static void interleave(W a, W b, I* words) {
    words[0] = vreinterpretq_u32_u64(vzip1q_u64(a, b));
    words[1] = vreinterpretq_u32_u64(vzip2q_u64(a, b));
  }

  using Group = F[4];
  static float fold(const Group& g) {
    const F four = add(add(g[0], g[2]), add(g[1], g[3]));
    const float32x2_t two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
    return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
  }
  static float fold_max(const Group& g) {
    const F four = max(max(g[0], g[2]), max(g[1], g[3]));
    const F two = max(four, vextq_f32(four, four, 2));
    return first(max(two, vextq_f32(two, two, 1)));
  }

  static void transpose4(const float* src, std::int64_t src_stride, float* dst,
                         std::int64_t dst_stride) {
    const F r0 = load(src);
    const F r1 = load(src + src_stride);
    const F r2 = load(src + 2 * src_stride);
    const F r3 = load(src + 3 * src_stride);
    const float32x4x2_t even = vtrnq_f32(r0, r1);
    const float32x4x2_t odd = vtrnq_f32(r2, r3);
    store(dst, vcombine_f32(vget_low_f32(even.val[0]), vget_low_f32(odd.val[0])));
    store(dst + dst_stride, vcombine_f32(vget_low_f32(even.val[1]), vget_low_f32(odd.val[1])));
    store(dst + 2 * dst_stride,
          vcombine_f32(vget_high_f32(even.val[0]), vget_high_f32(odd.val[0])));
    store(dst + 3 * dst_stride,
          vcombine_f32(vget_high_f32(even.val[1]), vget_high_f32(odd.val[1])));
  }

 private:
  static F load_two(const float* p, F rest) {
    return vcombine_f32(vld1_f32(p), vget_high_f32(rest));
  }
};

}  // namespace
}  // namespace holdfast::kernels
