// exp, log and their relatives over a vector type. One sequence of operations for every instruction
// set, so the same bits; at most 2 ULP from the exact value, exact at the special values. Over all
// floats (tests/cpp/kernels/sweep.cpp): exp 1.02, log 0.95, tanh 1.96, sigmoid 1.70, softplus 1.82.
//
// The polynomials are minimax fits for relative error (Lawson iteration in extended precision,
// coefficients then rounded to float); the bound at each is the error after rounding.
//
// exp, log, sigmoid and softplus look first whether every lane is of a size for which the plain
// sequence is right, and clamp, scale and mend only where one is not. Both ways give a lane the
// same bits, or a result would depend on its neighbours.
#pragma once

#include "kernels/elementwise_impl.h"
#include "kernels/kernels.h"

namespace holdfast::kernels {
namespace {

constexpr float kInfinity = __builtin_inff();
constexpr float kNaN = __builtin_nanf("");
constexpr float kLog2E = 1.44269504f;
// ln 2 in two parts: the first has 9 trailing zero bits, so that its product with an exponent is
// exact.
constexpr float kLn2High = 0.693145752f;
constexpr float kLn2Low = 1.42860677e-6f;
constexpr float kRoundToInteger = 12582912.0f;  // 1.5 * 2^23: adding it leaves an integer below

// Up to here in size, exp(x) and exp(-x) are normal floats that one scaling makes.
constexpr float kModerate = 86.0f;

// Whether |x| is above the bound in any lane, or NaN.
template <class V>
bool any_beyond(typename V::F x, float bound) {
  return __builtin_expect(V::any(V::igt(V::bits(V::abs(x)), V::bits(V::set(bound)))), 0);
}

// exp(x) = 2^n * (1 + tail) with n an integer, |ln(1 + tail)| <= ln(2) / 2. The low bits of `word`
// are n + Bias: shifted to the exponent's place they are 2^(n + Bias - 127).
template <class V>
struct ExpParts {
  typename V::I word;
  typename V::F tail;
};

// (e^r - 1 - r) / r^2 on |r| <= 0.3466: 2^-27.9 of e^r; `square` is r^2. With sign = -1 the
// function of -r, where r is what is passed. Two chains side by side (Estrin): the shorter latency
// shows.
template <class V>
typename V::F exp_polynomial(typename V::F r, typename V::F square, float sign) {
  const auto low = V::fma(V::set(sign * 0x1.555492p-3f), r, V::set(0x1.fffffcp-2f));
  const auto high = V::fma(V::set(sign * 0x1.1239e2p-7f), r, V::set(0x1.5558f2p-5f));
  return V::fma(V::fma(V::set(0x1.6a2434p-10f), square, high), square, low);
}

// Requires: |x| < 2^22, or NaN (which goes to `tail`).
template <class V, int Bias>
ExpParts<V> exp_parts(typename V::F x) {
  const auto magic = V::set(kRoundToInteger + Bias);
  const auto shifted = V::fma(x, V::set(kLog2E), magic);
  const auto n = V::sub(shifted, magic);
  const auto r = V::fnma(n, V::set(kLn2Low), V::fnma(n, V::set(kLn2High), x));
  const auto square = V::mul(r, r);
  return {V::bits(shifted), V::fma(exp_polynomial<V>(r, square, 1.0f), square, r)};
}

// The parts of exp(-a); `tail` is negated.
template <class V, int Bias>
ExpParts<V> exp_parts_of_negated(typename V::F a) {
  const auto magic = V::set(kRoundToInteger + Bias);
  const auto shifted = V::fma(a, V::set(-kLog2E), magic);
  const auto n = V::sub(shifted, magic);
  const auto r = V::fma(n, V::set(kLn2Low), V::fma(n, V::set(kLn2High), a));
  const auto square = V::mul(r, r);
  return {V::bits(shifted), V::fnma(exp_polynomial<V>(r, square, -1.0f), square, r)};
}

// Its low bits as an exponent: 2^(n + Bias - 127). Requires: that exponent is -126 to 127.
template <class V>
typename V::F power_of_two(typename V::I word) {
  return V::from_bits(V::template shift_left<23>(word));
}

// Below the lower bound the result is 0, above the upper one infinity.
template <class V>
typename V::F exp_anywhere(typename V::F x) {
  const auto bounded = V::min(V::set(89.0f), V::max(V::set(-104.0f), x));
  const ExpParts<V> parts = exp_parts<V, 2 * 127>(bounded);
  // Two factors: 2^n itself may be above the largest float or below the least.
  const auto half = V::template shift_right_unsigned<1>(parts.word);
  const auto scale = power_of_two<V>(half);
  return V::mul(V::fma(scale, parts.tail, scale), power_of_two<V>(V::isub(parts.word, half)));
}

template <class V>
typename V::F exp(typename V::F x) {
  if (any_beyond<V>(x, kModerate)) return exp_anywhere<V>(x);
  const auto parts = exp_parts<V, 127>(x);
  const auto scale = power_of_two<V>(parts.word);
  return V::fma(scale, parts.tail, scale);
}

// exp(-a) for a >= 0.
template <class V>
typename V::F exp_of_negated(typename V::F a) {
  if (any_beyond<V>(a, kModerate)) return exp_anywhere<V>(V::sub(V::zero(), a));
  const auto parts = exp_parts_of_negated<V, 127>(a);
  const auto scale = power_of_two<V>(parts.word);
  return V::fnma(scale, parts.tail, scale);
}

// 1 - exp(-a) for a >= 0, without cancellation near 0. From 30 on the result is 1.
template <class V>
typename V::F one_minus_exp_of_negated(typename V::F a) {
  const auto parts = exp_parts_of_negated<V, 127>(V::min(V::set(30.0f), a));
  const auto scale = power_of_two<V>(parts.word);
  return V::fma(scale, parts.tail, V::sub(V::set(1.0f), scale));
}

// exp(x) - 1 for x <= 0, without cancellation near 0; for larger x anything.
template <class V>
typename V::F expm1_nonpositive(typename V::F x) {
  const auto parts = exp_parts<V, 127>(V::max(V::set(-30.0f), x));
  const auto scale = power_of_two<V>(parts.word);
  return V::fma(scale, parts.tail, V::sub(scale, V::set(1.0f)));
}

// log(m * 2^e) = e * ln(2) + log(1 + f) with f = m - 1, sqrt(1/2) <= m < sqrt(2).
// log(1 + f) = f - s * (f - z * poly), s = f / (2 + f), z = s^2.
// Requires: `normal` is a positive normal float; `e_offset` is added to its exponent.
// Source: the argument reduction and this form are FDLIBM's (Sun Microsystems 1993).
template <class V>
typename V::F log_of_normal(typename V::F normal, typename V::F e_offset) {
  // Subtracting the bits of sqrt(1/2) makes the exponent field step there.
  const auto sqrt_half = V::set_bits(0x3F3504F3u);
  const auto shifted = V::isub(V::bits(normal), sqrt_half);
  const auto m = V::from_bits(V::iadd(V::iand(shifted, V::set_bits(0x007FFFFFu)), sqrt_half));
  const auto e = V::add(V::to_float(V::template shift_right<23>(shifted)), e_offset);
  const auto f = V::sub(m, V::set(1.0f));
  const auto s = V::div(f, V::add(V::set(2.0f), f));
  const auto z = V::mul(s, s);
  // (2 atanh(s) / s - 2) / z on |s| <= 0.1716: 2^-31 of the result.
  auto p = V::set(0x1.e2fdd2p-3f);
  p = V::fma(p, z, V::set(0x1.2438a8p-2f));
  p = V::fma(p, z, V::set(0x1.999a7cp-2f));
  p = V::fma(p, z, V::set(0x1.555554p-1f));
  const auto log_m = V::fnma(s, V::fnma(z, p, f), f);
  return V::fma(e, V::set(kLn2High), V::fma(e, V::set(kLn2Low), log_m));
}

template <class V>
typename V::F log_anywhere(typename V::F x) {
  const auto subnormal = V::lt(x, V::set(0x1p-126f));
  const auto scaled = V::select(subnormal, V::mul(x, V::set(0x1p23f)), x);
  auto result = log_of_normal<V>(scaled, V::select(subnormal, V::set(-23.0f), V::zero()));
  result = V::select(V::eq(x, V::set(kInfinity)), x, result);
  result = V::select(V::eq(x, V::zero()), V::set(-kInfinity), result);
  // x < 0 or x is NaN.
  return V::select(V::ge(x, V::zero()), result, V::set(kNaN));
}

template <class V>
typename V::F log(typename V::F x) {
  // Positive normal floats, shifted to the least of the signed words.
  const auto shifted = V::iadd(V::bits(x), V::set_bits(0x80000000u - 0x00800000u));
  if (__builtin_expect(V::any(V::igt(shifted, V::set_bits(0xFEFFFFFFu))), 0)) {
    return log_anywhere<V>(x);
  }
  return log_of_normal<V>(x, V::zero());
}

// log(1 + e) for 0 <= e <= 1: e - s * (e - z * poly), s = e / (2 + e), z = s^2.
template <class V>
typename V::F log1p_unit(typename V::F e) {
  const auto s = V::div(e, V::add(V::set(2.0f), e));
  const auto z = V::mul(s, s);
  // The polynomial of log() on |s| <= 1/3: 2^-30 of the result.
  const auto square = V::mul(z, z);
  const auto low = V::fma(V::set(0x1.9996a6p-2f), z, V::set(0x1.555558p-1f));
  const auto high = V::fma(V::set(0x1.b6cd2cp-3f), z, V::set(0x1.2509d8p-2f));
  const auto p = V::fma(V::fma(V::set(0x1.f1d59cp-3f), square, high), square, low);
  return V::fnma(s, V::fnma(z, p, e), e);
}

// With e = exp(-2 |x|):  |tanh(x)| = (1 - e) / (1 + e); both without cancellation near 0. Kept: the
// parts of e.
struct TanhStages {
  static constexpr int kKept = 2;
  template <class V>
  Kept<V, kKept> first(V, typename V::F x) const {
    const auto a = V::min(V::set(10.0f), V::abs(x));  // from 9.1 on the result is 1
    const auto parts = exp_parts_of_negated<V, 127>(V::add(a, a));
    return {{power_of_two<V>(parts.word), parts.tail}};
  }
  template <class V>
  typename V::F second(V, const Kept<V, kKept>& kept, typename V::F x) const {
    const auto [scale, tail] = kept.v;
    const auto one = V::set(1.0f);
    const auto below = V::fma(scale, tail, V::sub(one, scale));
    const auto above = V::fnma(scale, tail, V::add(one, scale));
    return V::copysign(V::div(below, above), x);
  }
};

template <class V>
typename V::F tanh(typename V::F x) {
  const TanhStages stages;
  return stages.second(V{}, stages.first(V{}, x), x);
}

// 1 / (1 + exp(-x)) for x >= -16: 1 + 2^n is exact, so that the denominator is rounded once.
constexpr float kSigmoidExact = 16.0f;
template <class V>
typename V::F sigmoid_near(typename V::F x) {
  const auto one = V::set(1.0f);
  const auto parts = exp_parts_of_negated<V, 127>(x);
  const auto scale = power_of_two<V>(parts.word);
  return V::div(one, V::fnma(scale, parts.tail, V::add(one, scale)));
}

// Below, with e = exp(x):  e / (1 + e) = e - e^2 to 2^-46 of it.
template <class V>
typename V::F sigmoid_anywhere(typename V::F x) {
  const auto bounded = V::max(V::set(-kSigmoidExact), V::min(V::set(40.0f), x));
  const auto e = exp_anywhere<V>(x);
  return V::select(V::lt(x, V::set(-kSigmoidExact)), V::fnma(e, e, e), sigmoid_near<V>(bounded));
}

template <class V>
typename V::F sigmoid(typename V::F x) {
  if (any_beyond<V>(x, kSigmoidExact)) return sigmoid_anywhere<V>(x);
  return sigmoid_near<V>(x);
}

// log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|)). Kept: the exponential.
struct SoftplusStages {
  static constexpr int kKept = 1;
  template <class V>
  Kept<V, kKept> first(V, typename V::F x) const {
    return {{exp_of_negated<V>(V::abs(x))}};
  }
  template <class V>
  typename V::F second(V, const Kept<V, kKept>& kept, typename V::F x) const {
    return V::add(V::max(V::zero(), x), log1p_unit<V>(kept.v[0]));
  }
};

template <class V>
typename V::F softplus(typename V::F x) {
  const SoftplusStages stages;
  return stages.second(V{}, stages.first(V{}, x), x);
}

}  // namespace
}  // namespace holdfast::kernels
