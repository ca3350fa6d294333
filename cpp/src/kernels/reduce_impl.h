// Sums over a vector type: along a row by the fixed 16-lane tree, down columns in ascending order.
#pragma once

#include "kernels/kernels.h"
#include "kernels/math_impl.h"

namespace holdfast::kernels {
namespace {

constexpr int kLanes = 16;  // of the tree, on every instruction set

// fold(accumulate over x of each lane): lane l takes x[l], x[l + 16], ... in that order. The lanes
// start at `start`; elements past the end count as `rest`, which must leave a lane as it is.
// `combine(accumulator, lanes)` is the reduction; `transform(lanes)` comes before it.
template <class V, class Combine>
void reduce_lanes(const float* x, std::int64_t n, typename V::Group& lanes, float rest,
                  const Combine& combine) {
  constexpr int kVectors = kLanes / V::kWidth;
  std::int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (int v = 0; v < kVectors; ++v) {
      lanes[v] = combine(lanes[v], V::load(x + i + v * V::kWidth));
    }
  }
  for (int v = 0; i < n; ++v, i += V::kWidth) {
    const auto tail = V::tail(n - i < V::kWidth ? n - i : V::kWidth);
    lanes[v] = combine(lanes[v], V::load_tail(x + i, tail, V::set(rest)));
  }
}

template <class V>
void fill_lanes(typename V::Group& lanes, float value) {
  for (auto& lane : lanes) lane = V::set(value);
}

template <class V>
float sum(const float* x, std::int64_t n) noexcept {
  typename V::Group lanes;
  fill_lanes<V>(lanes, 0.0f);
  reduce_lanes<V>(x, n, lanes, 0.0f, [](auto total, auto next) { return V::add(total, next); });
  return V::fold(lanes);
}

// The largest of n floats by the same tree; -infinity when n = 0. A NaN may or may not show.
template <class V>
float row_max(const float* x, std::int64_t n) {
  typename V::Group lanes;
  fill_lanes<V>(lanes, -kInfinity);
  reduce_lanes<V>(x, n, lanes, -kInfinity, [](auto most, auto next) { return V::max(most, next); });
  return V::fold_max(lanes);
}

// sums[j] for `vectors` vectors of columns, the last one partial.
template <class V, int kVectors>
void column_sums_tile(const ConstMatrix& x, std::int64_t column, typename V::Tail tail,
                      float* sums) {
  constexpr int W = V::kWidth;
  typename V::F total[kVectors];
  for (auto& t : total) t = V::zero();
  const float* row = x.data + column;
  for (std::int64_t i = 0; i < x.rows; ++i, row += x.stride) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors - 1; ++v) total[v] = V::add(total[v], V::load(row + v * W));
    total[kVectors - 1] = V::add(total[kVectors - 1], V::load_tail(row + (kVectors - 1) * W, tail));
  }
  for (int v = 0; v < kVectors - 1; ++v) V::store(sums + column + v * W, total[v]);
  V::store_tail(sums + column + (kVectors - 1) * W, tail, total[kVectors - 1]);
}

template <class V>
void column_sums(const ConstMatrix& x, float* sums) noexcept {
  constexpr int W = V::kWidth;
  constexpr int kVectors = 4;
  for (std::int64_t j = 0; j < x.cols; j += kVectors * W) {
    const std::int64_t columns = x.cols - j < kVectors * W ? x.cols - j : kVectors * W;
    const auto vectors = static_cast<int>((columns + W - 1) / W);
    const auto tail = V::tail(columns - (vectors - 1) * W);
    // Side by side: a vector alone waits for its own sum at every row.
    if (vectors == 4) column_sums_tile<V, 4>(x, j, tail, sums);
    if (vectors == 3) column_sums_tile<V, 3>(x, j, tail, sums);
    if (vectors == 2) column_sums_tile<V, 2>(x, j, tail, sums);
    if (vectors == 1) column_sums_tile<V, 1>(x, j, tail, sums);
  }
}

}  // namespace
}  // namespace holdfast::kernels
