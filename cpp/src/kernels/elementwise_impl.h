// Loops over contiguous arrays: body(vector type, lanes...) on several vectors at a time, then on
// one, then on the part that is left.
#pragma once

#include "kernels/kernels.h"
#include "kernels/vec_several.h"

namespace holdfast::kernels {
namespace {

// How many, for few operations a vector: their latencies overlap by being written side by side.
// Long sequences have more of them than there are registers, which costs more than it gives; their
// overlap is left to the processor (elementwise_bench exp: 4 vectors at once 0.27 ns, 1 vector
// 0.24).
constexpr int kVectorsAtOnce = 4;
constexpr int kVectorsOfLongBody = 1;
// From this size on the output is not kept in the caches: whoever reads it next finds it in memory
// either way, and its lines are not fetched only to be overwritten, which saves a third of the
// traffic of y[i] = f(x[i]).
constexpr std::int64_t kPastCaches = std::int64_t{4} << 20;  // 16 MiB of floats

inline bool is_aligned(const float* p, std::uintptr_t bytes) {
  return reinterpret_cast<std::uintptr_t>(p) % bytes == 0;
}

// How far ahead of a pass over memory its inputs are asked for. The processor's own prefetcher
// stops at the ends of pages and keeps less in flight than a body leaves room for
// (elementwise_bench exp: 0.31 ns without, 0.26 with).
constexpr std::int64_t kPassAhead = 512;
constexpr std::int64_t kPassLine = 16;

template <int kFloats, class... X>
void fetch_ahead(const X*... x) {
  for (int k = 0; k < kFloats; k += kPassLine) {
    (__builtin_prefetch(x + kPassAhead + k), ...);
  }
}

// y[i] = body(x[i]...) for i < n. y is none of the x, or exactly one of them. `body` takes a value
// of the vector type before the lanes.
template <class V, int kVectors = kVectorsAtOnce, class Body, class... X>
[[gnu::flatten]] void map(std::int64_t n, float* y, const Body& body, const X*... x) {
  using U = Several<V, kVectors>;
  std::int64_t i = 0;
  if constexpr (V::kStreams) {
    if (n >= kPastCaches && ((y != x) && ...)) {
      for (const auto one = V::tail(1); !is_aligned(y + i, 64); ++i) {
        V::store_tail(y + i, one, body(V{}, V::load_tail(x + i, one)...));
      }
      for (; i + U::kWidth <= n; i += U::kWidth) {
        fetch_ahead<U::kWidth>((x + i)...);
        U::stream(y + i, body(U{}, U::load(x + i)...));
      }
      V::stream_fence();
    }
  }
  if (n >= kPastCaches) {
    for (; i + U::kWidth <= n; i += U::kWidth) {
      fetch_ahead<U::kWidth>((x + i)...);
      U::store(y + i, body(U{}, U::load(x + i)...));
    }
  }
  for (; i + U::kWidth <= n; i += U::kWidth) U::store(y + i, body(U{}, U::load(x + i)...));
  for (; i + V::kWidth <= n; i += V::kWidth) V::store(y + i, body(V{}, V::load(x + i)...));
  if (i < n) {
    const auto tail = V::tail(n - i);
    V::store_tail(y + i, tail, body(V{}, V::load_tail(x + i, tail)...));
  }
}

// A function in two stages: kept values = first(x), y = second(kept values, x...). What stays of
// long chains of dependent operations in one loop is more than the processor looks ahead, so that
// it waits for them; each of two loops over a piece in L1 is short enough (elementwise_bench
// softplus: one loop 0.69 ns, two 0.51).
template <class V, int kCount>
struct Kept {
  typename V::F v[kCount];
};

template <class V, class Stages, class X0, class... X>
[[gnu::flatten]] void map_in_stages(std::int64_t n, float* y, const Stages& stages, const X0* x0,
                                    const X*... x) {
  constexpr std::int64_t kPiece = 256;
  constexpr int W = V::kWidth;
  alignas(64) float kept[Stages::kKept][kPiece];
  const auto whole = [&](auto u, auto lanes, auto... more) {
    return stages.second(u, stages.first(u, lanes), lanes, more...);
  };
  std::int64_t i = 0;
  const auto pieces = [&](auto store) {
    for (; i + kPiece <= n; i += kPiece) {
      for (std::int64_t k = 0; k < kPiece; k += W) {
        fetch_ahead<W>(x0 + i + k, (x + i + k)...);
        const auto values = stages.first(V{}, V::load(x0 + i + k));
        for (int s = 0; s < Stages::kKept; ++s) V::store(kept[s] + k, values.v[s]);
      }
      for (std::int64_t k = 0; k < kPiece; k += W) {
        Kept<V, Stages::kKept> values;
        for (int s = 0; s < Stages::kKept; ++s) values.v[s] = V::load(kept[s] + k);
        store(y + i + k, stages.second(V{}, values, V::load(x0 + i + k), V::load(x + i + k)...));
      }
    }
  };
  if (V::kStreams && n >= kPastCaches && y != x0 && ((y != x) && ...)) {
    while (!is_aligned(y + i, 64)) ++i;
    map<V, 1>(i, y, whole, x0, x...);
    pieces([](float* p, auto lanes) { V::stream(p, lanes); });
    V::stream_fence();
  } else {
    pieces([](float* p, auto lanes) { V::store(p, lanes); });
  }
  map<V, 1>(n - i, y + i, whole, x0 + i, (x + i)...);
}

}  // namespace
}  // namespace holdfast::kernels
