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
  const auto learning_rate = V::set(args.learning_rate);
  std::int64_t i = 0;
  for (; i + V::kWidth <= args.n; i += V::kWidth) {
    auto w = V::load(args.w + i);
    auto a = V::load(args.a + i);
    adagrad<V>(&w, &a, V::load(args.g + i), learning_rate);
    V::store(args.a + i, a);
    V::store(args.w + i, w);
  }
  if (i < args.n) {
    const auto tail = V::tail(args.n - i);
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
  const auto rate = V::set(learning_rate);
  map<V>(w, g, w, n,
         [&](auto weight, auto gradient) { return descended<V>(weight, gradient, rate); });
}

}  // namespace
}  // namespace holdfast::kernels
