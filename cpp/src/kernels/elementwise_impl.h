// Loops over contiguous arrays: body(vector type, lanes...) on several vectors at a time, then on
// one, then on the part that is left.
#pragma once

#include "kernels/kernels.h"
#include "kernels/vec_several.h"

namespace holdfast::kernels {
namespace {

constexpr int kVectorsAtOnce = 4;
// From this size on the output is not kept in the caches: whoever reads it next finds it in memory
// either way, and its lines are not fetched only to be overwritten, which saves a third of the
// traffic of y[i] = f(x[i]).
constexpr std::int64_t kPastCaches = std::int64_t{4} << 20;  // 16 MiB of floats

inline bool is_aligned(const float* p, std::uintptr_t bytes) {
  return reinterpret_cast<std::uintptr_t>(p) % bytes == 0;
}

// y[i] = body(x[i]...) for i < n. y is none of the x, or exactly one of them. `body` takes a value
// of the vector type before the lanes.
template <class V, class Body, class... X>
[[gnu::flatten]] void map(std::int64_t n, float* y, const Body& body, const X*... x) {
  using U = Several<V, kVectorsAtOnce>;
  std::int64_t i = 0;
  if constexpr (V::kStreams) {
    if (n >= kPastCaches && ((y != x) && ...)) {
      for (const auto one = V::tail(1); !is_aligned(y + i, 64); ++i) {
        V::store_tail(y + i, one, body(V{}, V::load_tail(x + i, one)...));
      }
      for (; i + U::kWidth <= n; i += U::kWidth) U::stream(y + i, body(U{}, U::load(x + i)...));
      V::stream_fence();
    }
  }
  for (; i + U::kWidth <= n; i += U::kWidth) U::store(y + i, body(U{}, U::load(x + i)...));
  for (; i + V::kWidth <= n; i += V::kWidth) V::store(y + i, body(V{}, V::load(x + i)...));
  if (i < n) {
    const auto tail = V::tail(n - i);
    V::store_tail(y + i, tail, body(V{}, V::load_tail(x + i, tail)...));
  }
}

}  // namespace
}  // namespace holdfast::kernels
