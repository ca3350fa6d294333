// exp, log and their relatives over a vector type. One sequence of operations for every instruction
// set, so the same bits; at most 2 ULP from the exact value, exact at the special values.
//
// The polynomials are minimax fits for relative error (Lawson iteration in extended precision,
// coefficients then rounded to float); the bound at each is the error after rounding.
#pragma once

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

// exp(x) - 1 = 2^n * (1 + tail) - 1 with n an integer, |ln(1 + tail)| <= ln(2) / 2.
template <class V>
struct ExpParts {
  typename V::I n;
  typename V::F tail;
};

// Requires: |x| < 2^22, or NaN (which goes to `tail`).
template <class V>
ExpParts<V> exp_parts(typename V::F x) {
  const auto magic = V::set(kRoundToInteger);
  const auto shifted = V::fma(x, V::set(kLog2E), magic);
  const auto n = V::sub(shifted, magic);
  const auto r = V::fnma(n, V::set(kLn2Low), V::fnma(n, V::set(kLn2High), x));
  // (e^r - 1 - r) / r^2 on |r| <= 0.3466: 2^-27.9 of e^r.
  auto q = V::set(0x1.6a2434p-10f);
  q = V::fma(q, r, V::set(0x1.1239e2p-7f));
  q = V::fma(q, r, V::set(0x1.5558f2p-5f));
  q = V::fma(q, r, V::set(0x1.555492p-3f));
  q = V::fma(q, r, V::set(0x1.fffffcp-2f));
  return {V::isub(V::bits(shifted), V::bits(magic)), V::fma(q, V::mul(r, r), r)};
}

// 2^n. Requires: -126 <= n <= 127.
template <class V>
typename V::F power_of_two(typename V::I n) {
  return V::from_bits(V::template shift_left<23>(V::iadd(n, V::set_bits(127))));
}

// Below the lower bound the result is 0, above the upper one infinity.
template <class V>
typename V::F exp(typename V::F x) {
  const auto bounded = V::min(V::set(89.0f), V::max(V::set(-104.0f), x));
  const ExpParts<V> parts = exp_parts<V>(bounded);
  // Two factors: 2^n itself may be above the largest float or below the least.
  const auto half = V::template shift_right<1>(parts.n);
  const auto value = V::add(V::set(1.0f), parts.tail);
  return V::mul(V::mul(value, power_of_two<V>(half)), power_of_two<V>(V::isub(parts.n, half)));
}

// exp(x) - 1 for x <= 0 (larger x count as 0), without cancellation near 0.
template <class V>
typename V::F expm1_nonpositive(typename V::F x) {
  const auto bounded = V::min(V::zero(), V::max(V::set(-30.0f), x));
  const ExpParts<V> parts = exp_parts<V>(bounded);
  const auto scale = power_of_two<V>(parts.n);
  return V::fma(scale, parts.tail, V::sub(scale, V::set(1.0f)));
}

// log(1 + f), given f: f - f^2 / 2 + s * (f^2 / 2 + z * poly), s = f / (2 + f), z = s^2; `low` is
// added where it costs no accuracy.
template <class V>
typename V::F log1p_kernel(typename V::F f, typename V::F s, typename V::F remainder,
                           typename V::F low) {
  const auto half_square = V::mul(V::set(0.5f), V::mul(f, f));
  return V::sub(f, V::sub(half_square, V::fma(s, V::add(half_square, remainder), low)));
}

// Source: the argument reduction and the form of log1p_kernel are FDLIBM's (Sun Microsystems 1993).
template <class V>
typename V::F log(typename V::F x) {
  const auto subnormal = V::lt(x, V::set(0x1p-126f));
  const auto scaled = V::select(subnormal, V::mul(x, V::set(0x1p23f)), x);
  // x = m * 2^e with sqrt(1/2) <= m < sqrt(2): subtracting the bits of sqrt(1/2) makes the
  // exponent field step there.
  const auto sqrt_half = V::set_bits(0x3F3504F3u);
  const auto shifted = V::isub(V::bits(scaled), sqrt_half);
  const auto m = V::from_bits(V::iadd(V::iand(shifted, V::set_bits(0x007FFFFFu)), sqrt_half));
  const auto e = V::add(V::to_float(V::template shift_right<23>(shifted)),
                        V::select(subnormal, V::set(-23.0f), V::zero()));
  const auto f = V::sub(m, V::set(1.0f));
  const auto s = V::div(f, V::add(V::set(2.0f), f));
  const auto z = V::mul(s, s);
  // (2 atanh(s) / s - 2) / z on |s| <= 0.1716: 2^-31 of the result.
  auto p = V::set(0x1.e2fdd2p-3f);
  p = V::fma(p, z, V::set(0x1.2438a8p-2f));
  p = V::fma(p, z, V::set(0x1.999a7cp-2f));
  p = V::fma(p, z, V::set(0x1.555554p-1f));
  const auto fraction = log1p_kernel<V>(f, s, V::mul(z, p), V::mul(e, V::set(kLn2Low)));
  auto result = V::fma(e, V::set(kLn2High), fraction);
  result = V::select(V::eq(x, V::set(kInfinity)), x, result);
  result = V::select(V::eq(x, V::zero()), V::set(-kInfinity), result);
  // x < 0 or x is NaN.
  return V::select(V::ge(x, V::zero()), result, V::set(kNaN));
}

// log(1 + e) for 0 <= e <= 1.
template <class V>
typename V::F log1p_unit(typename V::F e) {
  const auto s = V::div(e, V::add(V::set(2.0f), e));
  const auto z = V::mul(s, s);
  // The polynomial of log() on |s| <= 1/3: 2^-30 of the result.
  auto p = V::set(0x1.f1d59cp-3f);
  p = V::fma(p, z, V::set(0x1.b6cd2cp-3f));
  p = V::fma(p, z, V::set(0x1.2509d8p-2f));
  p = V::fma(p, z, V::set(0x1.9996a6p-2f));
  p = V::fma(p, z, V::set(0x1.555558p-1f));
  return log1p_kernel<V>(e, s, V::mul(z, p), V::zero());
}

template <class V>
typename V::F tanh(typename V::F x) {
  const auto a = V::abs(x);
  // x + x^3 * poly(x^2) on |x| <= 0.625: 2^-27.7 of the result.
  const auto z = V::mul(a, a);
  auto p = V::set(-0x1.76ac1ap-8f);
  p = V::fma(p, z, V::set(0x1.5256d8p-6f));
  p = V::fma(p, z, V::set(-0x1.b84448p-5f));
  p = V::fma(p, z, V::set(0x1.110768p-3f));
  p = V::fma(p, z, V::set(-0x1.555534p-2f));
  const auto small = V::fma(V::mul(a, z), p, a);
  const auto e = exp<V>(V::add(a, a));
  const auto large = V::sub(V::set(1.0f), V::div(V::set(2.0f), V::add(e, V::set(1.0f))));
  return V::copysign(V::select(V::lt(a, V::set(0.625f)), small, large), x);
}

// 1 / (1 + exp(-x)) for x >= 0, exp(x) / (1 + exp(x)) below: neither overflows.
template <class V>
typename V::F sigmoid(typename V::F x) {
  const auto one = V::set(1.0f);
  const auto e = exp<V>(V::sub(V::zero(), V::abs(x)));
  const auto negative = V::lt(x, V::zero());
  const auto denominator = V::add(one, e);
  const auto quotient = V::div(V::select(negative, e, one), denominator);
  // What the denominator lost in rounding, times 1 / denominator, corrects the quotient to first
  // order; without it the error reaches 2.1 ULP.
  const auto lost = V::sub(e, V::sub(denominator, one));
  const auto reciprocal = V::select(negative, V::sub(one, quotient), quotient);
  return V::fnma(V::mul(quotient, lost), reciprocal, quotient);
}

// log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|)).
template <class V>
typename V::F softplus(typename V::F x) {
  const auto e = exp<V>(V::sub(V::zero(), V::abs(x)));
  return V::add(V::max(V::zero(), x), log1p_unit<V>(e));
}

}  // namespace
}  // namespace holdfast::kernels
