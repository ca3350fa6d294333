// Activations and their derivatives over a vector type, alone and as epilogues of the products.
#pragma once

#include "kernels/elementwise_impl.h"
#include "kernels/kernels.h"
#include "kernels/math_impl.h"

namespace holdfast::kernels {
namespace {

// Klambauer et al. 2017, equation 14.
constexpr float kSeluScale = 1.05070098f;
constexpr float kSeluScaleAlpha = 1.75809934f;  // scale * 1.67326324

// Each is made from the alpha of kLeakyRelu, and has value(x), and slope(y, dy) = dy * act'(x) in
// terms of y = value(x). NaN passes through both. kIsLong: value() takes a polynomial; Stages: how
// it is cut in two where it is longer still.
template <class V>
struct Linear {
  static constexpr bool kIsLong = false;
  using F = typename V::F;
  explicit Linear(float) {}
  F value(F x) const { return x; }
  F slope(F, F dy) const { return dy; }
};

template <class V>
struct Relu {
  static constexpr bool kIsLong = false;
  using F = typename V::F;
  explicit Relu(float) {}
  // A comparison, not max(): where denormals count as zero, comparisons of all processors see
  // zero, but the maximum of some is the denormal.
  F value(F x) const { return V::select(V::ge(V::zero(), x), V::zero(), x); }
  F slope(F y, F dy) const { return V::select(V::gt(y, V::zero()), dy, V::zero()); }
};

template <class V>
struct Relu6 {
  static constexpr bool kIsLong = false;
  using F = typename V::F;
  explicit Relu6(float) {}
  F value(F x) const { return V::min(V::set(6.0f), Relu<V>(0.0f).value(x)); }
  F slope(F y, F dy) const {
    const F below_six = V::select(V::lt(y, V::set(6.0f)), dy, V::zero());
    return V::select(V::gt(y, V::zero()), below_six, V::zero());
  }
};

template <class V>
struct LeakyRelu {
  static constexpr bool kIsLong = false;
  using F = typename V::F;
  explicit LeakyRelu(float a) : alpha(V::set(a)) {}
  F value(F x) const { return V::select(V::gt(x, V::zero()), x, V::mul(alpha, x)); }
  F slope(F y, F dy) const { return V::select(V::gt(y, V::zero()), dy, V::mul(alpha, dy)); }
  F alpha;
};

template <class V>
struct Elu {
  static constexpr bool kIsLong = true;
  using F = typename V::F;
  explicit Elu(float) {}
  F value(F x) const { return V::select_negative(x, expm1_nonpositive<V>(x), x); }
  F slope(F y, F dy) const {
    return V::select(V::gt(y, V::zero()), dy, V::mul(dy, V::add(y, V::set(1.0f))));
  }
};

template <class V>
struct Selu {
  static constexpr bool kIsLong = true;
  using F = typename V::F;
  explicit Selu(float) {}
  F value(F x) const {
    const F below = V::mul(V::set(kSeluScaleAlpha), expm1_nonpositive<V>(x));
    return V::select_negative(x, below, V::mul(V::set(kSeluScale), x));
  }
  F slope(F y, F dy) const {
    const F below = V::mul(dy, V::add(y, V::set(kSeluScaleAlpha)));
    return V::select(V::gt(y, V::zero()), V::mul(V::set(kSeluScale), dy), below);
  }
};

template <class V>
struct Tanh {
  using Stages = TanhStages;
  using F = typename V::F;
  explicit Tanh(float) {}
  F value(F x) const { return tanh<V>(x); }
  F slope(F y, F dy) const { return V::mul(dy, V::fnma(y, y, V::set(1.0f))); }
};

template <class V>
struct Sigmoid {
  static constexpr bool kIsLong = true;
  using F = typename V::F;
  explicit Sigmoid(float) {}
  F value(F x) const { return sigmoid<V>(x); }
  F slope(F y, F dy) const { return V::mul(dy, V::mul(y, V::sub(V::set(1.0f), y))); }
};

// softplus' = sigmoid(x) = 1 - exp(-y).
template <class V>
struct Softplus {
  using Stages = SoftplusStages;
  using F = typename V::F;
  explicit Softplus(float) {}
  F value(F x) const { return softplus<V>(x); }
  F slope(F y, F dy) const { return V::mul(dy, one_minus_exp_of_negated<V>(y)); }
};

// softsign' = 1 / (1 + |x|)^2 = (1 - |y|)^2.
template <class V>
struct Softsign {
  static constexpr bool kIsLong = false;
  using F = typename V::F;
  explicit Softsign(float) {}
  F value(F x) const { return V::div(x, V::add(V::set(1.0f), V::abs(x))); }
  F slope(F y, F dy) const {
    const F rest = V::sub(V::set(1.0f), V::abs(y));
    return V::mul(dy, V::mul(rest, rest));
  }
};

// body(act) with the struct above that belongs to `activation`.
template <class V, class Body>
void with_activation(Activation activation, float alpha, const Body& body) {
  switch (activation) {
    case Activation::kLinear:
      return body(Linear<V>(alpha));
    case Activation::kRelu:
      return body(Relu<V>(alpha));
    case Activation::kRelu6:
      return body(Relu6<V>(alpha));
    case Activation::kLeakyRelu:
      return body(LeakyRelu<V>(alpha));
    case Activation::kElu:
      return body(Elu<V>(alpha));
    case Activation::kSelu:
      return body(Selu<V>(alpha));
    case Activation::kTanh:
      return body(Tanh<V>(alpha));
    case Activation::kSigmoid:
      return body(Sigmoid<V>(alpha));
    case Activation::kSoftplus:
      return body(Softplus<V>(alpha));
    case Activation::kSoftsign:
      return body(Softsign<V>(alpha));
  }
}

// The same activation over another vector type.
template <class U, template <class> class Activation, class V>
Activation<U> over(const Activation<V>&, float alpha) {
  return Activation<U>(alpha);
}

template <class V, class Act>
auto activate(const Act&, float, const float* x, float* y,
              std::int64_t n) -> decltype(typename Act::Stages{}, void()) {
  map_in_stages<V>(n, y, typename Act::Stages{}, x);
}

template <class V, template <class> class Act>
auto activate(const Act<V>& act, float alpha, const float* x, float* y,
              std::int64_t n) -> decltype(Act<V>::kIsLong, void()) {
  map<V, Act<V>::kIsLong ? kVectorsOfLongBody : kVectorsAtOnce>(
      n, y, [&](auto u, auto lanes) { return over<decltype(u)>(act, alpha).value(lanes); }, x);
}

template <class V>
void activation_forward(Activation activation, float alpha, const float* x, float* y,
                        std::int64_t n) noexcept {
  with_activation<V>(activation, alpha, [&](const auto& act) { activate<V>(act, alpha, x, y, n); });
}

template <class V>
void activation_backward(Activation activation, float alpha, const float* y, const float* dy,
                         float* dx, std::int64_t n) noexcept {
  with_activation<V>(activation, alpha, [&](const auto& act) {
    map<V>(
        n, dx,
        [&](auto u, auto value, auto gradient) {
          return over<decltype(u)>(act, alpha).slope(value, gradient);
        },
        y, dy);
  });
}

template <class V>
void unary(Unary op, const float* x, float* y, std::int64_t n) noexcept {
  const auto map_long = [&](const auto& body) { map<V, kVectorsOfLongBody>(n, y, body, x); };
  switch (op) {
    case Unary::kExp:
      return map_long([](auto u, auto lanes) { return exp<decltype(u)>(lanes); });
    case Unary::kLog:
      return map_long([](auto u, auto lanes) { return log<decltype(u)>(lanes); });
    case Unary::kTanh:
      return map_in_stages<V>(n, y, TanhStages{}, x);
    case Unary::kSigmoid:
      return map_long([](auto u, auto lanes) { return sigmoid<decltype(u)>(lanes); });
    case Unary::kSoftplus:
      return map_in_stages<V>(n, y, SoftplusStages{}, x);
    case Unary::kSqrt:
      return map<V>(n, y, [](auto u, auto lanes) { return decltype(u)::sqrt(lanes); }, x);
  }
}

}  // namespace
}  // namespace holdfast::kernels
