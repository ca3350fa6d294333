// Optimizer updates over a vector type, alone and as epilogues of the weight gradient.
#pragma once

#include "kernels/elementwise_impl.h"
#include "kernels/kernels.h"

namespace holdfast::kernels {
namespace {

// w -= lr * g, each operation rounded.
template <class V>
typename V::F descended(typename V::F w, typename V::F g, typename V::F learning_rate) {
  return V::sub(w, V::mul(learning_rate, g));
}

// a += g * g (rounded once), then w -= (lr * g) / sqrt(a) (each operation rounded, IEEE division
// and square root).
template <class V>
void adagrad(typename V::F* w, typename V::F* a, typename V::F g, typename V::F learning_rate) {
  *a = V::fma(g, g, *a);
  *w = V::sub(*w, V::div(V::mul(learning_rate, g), V::sqrt(*a)));
}

template <class V>
void adagrad_update(const AdagradArgs& args) noexcept {
  using U = Several<V, 2>;  // division and square root are the limit, not their latency
  std::int64_t i = 0;
  for (; i + U::kWidth <= args.n; i += U::kWidth) {
    auto w = U::load(args.w + i);
    auto a = U::load(args.a + i);
    adagrad<U>(&w, &a, U::load(args.g + i), U::set(args.learning_rate));
    U::store(args.a + i, a);
    U::store(args.w + i, w);
  }
  const auto learning_rate = V::set(args.learning_rate);
  for (; i < args.n; i += V::kWidth) {
    const auto tail = V::tail(args.n - i < V::kWidth ? args.n - i : V::kWidth);
    auto w = V::load_tail(args.w + i, tail);
    auto a = V::load_tail(args.a + i, tail, V::set(1.0f));  // 1: no division by zero off the end
    adagrad<V>(&w, &a, V::load_tail(args.g + i, tail), learning_rate);
    V::store_tail(args.a + i, tail, a);
    V::store_tail(args.w + i, tail, w);
  }
}

template <class V>
void gradient_descent_update(float* w, const float* g, std::int64_t n,
                             float learning_rate) noexcept {
  map<V>(
      n, w,
      [&](auto u, auto weight, auto gradient) {
        using U = decltype(u);
        return descended<U>(weight, gradient, U::set(learning_rate));
      },
      w, g);
}

}  // namespace
}  // namespace holdfast::kernels
