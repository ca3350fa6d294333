// Loops over contiguous arrays: body(lanes...) on full vectors, then once on the part that is left.
#pragma once

#include "kernels/kernels.h"

namespace holdfast::kernels {
namespace {

// y[i] = body(x[i]) for i < n.
template <class V, class Body>
void map(const float* x, float* y, std::int64_t n, const Body& body) {
  std::int64_t i = 0;
  for (; i + V::kWidth <= n; i += V::kWidth) V::store(y + i, body(V::load(x + i)));
  if (i < n) {
    const auto tail = V::tail(n - i);
    V::store_tail(y + i, tail, body(V::load_tail(x + i, tail)));
  }
}

// y[i] = body(a[i], b[i]) for i < n.
template <class V, class Body>
void map(const float* a, const float* b, float* y, std::int64_t n, const Body& body) {
  std::int64_t i = 0;
  for (; i + V::kWidth <= n; i += V::kWidth) {
    V::store(y + i, body(V::load(a + i), V::load(b + i)));
  }
  if (i < n) {
    const auto tail = V::tail(n - i);
    V::store_tail(y + i, tail, body(V::load_tail(a + i, tail), V::load_tail(b + i, tail)));
  }
}

}  // namespace
}  // namespace holdfast::kernels
