// Rows of a table over a vector type: the rows that a batch names added up, and the rows that a
// batch touched updated. They lie anywhere in memory, so those needed soon are fetched ahead.
#pragma once

#include "kernels/kernels.h"
#include "kernels/update_impl.h"

namespace holdfast::kernels {
namespace {

// Enough rows on their way to hide the latency of memory, few enough for the fill buffers.
constexpr std::int64_t kRowsAhead = 12;
constexpr std::int64_t kLineFloats = 16;  // a cache line
// Of a longer row the rest is left to the processor's own prefetcher.
constexpr std::int64_t kFloatsAhead = 4 * kLineFloats;

inline void fetch_row(const float* row, std::int64_t cols) {
  if (cols <= 0) return;
  const std::int64_t ahead = cols < kFloatsAhead ? cols : kFloatsAhead;
  for (std::int64_t j = 0; j < ahead; j += kLineFloats) __builtin_prefetch(row + j);
  __builtin_prefetch(row + ahead - 1);  // a row need not begin with a line
}

// Whole vectors of a row.
template <class V, int kVectors>
struct RowLanes {
  static constexpr int kCount = kVectors;
  typename V::F v[kCount];

  static RowLanes load(const float* p) {
    RowLanes lanes;
    for (int k = 0; k < kCount; ++k) lanes.v[k] = V::load(p + k * V::kWidth);
    return lanes;
  }
  static RowLanes zero() {
    RowLanes lanes;
    for (auto& lane : lanes.v) lane = V::zero();
    return lanes;
  }
  void store(float* p) const {
    for (int k = 0; k < kCount; ++k) V::store(p + k * V::kWidth, v[k]);
  }
};

// sum += scale * row; scale == nullptr: 1.
template <class V, int kCount>
void add_row(RowLanes<V, kCount>* sum, const RowLanes<V, kCount>& row, const float* scale) {
  for (int k = 0; k < kCount; ++k) {
    sum->v[k] = scale == nullptr ? V::add(sum->v[k], row.v[k])
                                 : V::fma(V::set(*scale), row.v[k], sum->v[k]);
  }
}

// Calls body(first column, load, store) for pairs of vectors, single ones, and the lanes left.
// load(p, rest) gives RowLanes, with `rest` off the end; store(p, lanes) writes no lane off it.
template <class V, class Body>
void column_blocks(std::int64_t cols, const Body& body) {
  const auto whole = [&](std::int64_t j, auto lanes) {
    using L = decltype(lanes);
    body(
        j, [](const float* p, float) { return L::load(p); },
        [](float* p, const L& values) { values.store(p); });
  };
  std::int64_t j = 0;
  for (; j + 2 * V::kWidth <= cols; j += 2 * V::kWidth) whole(j, RowLanes<V, 2>{});
  for (; j + V::kWidth <= cols; j += V::kWidth) whole(j, RowLanes<V, 1>{});
  if (j == cols) return;
  using L = RowLanes<V, 1>;
  const auto tail = V::tail(cols - j);
  body(
      j, [&](const float* p, float rest) { return L{{V::load_tail(p, tail, V::set(rest))}}; },
      [&](float* p, const L& values) { V::store_tail(p, tail, values.v[0]); });
}

template <class V>
void pool_rows(const PoolRowsArgs& args) noexcept {
  const std::int64_t cols = args.y.cols;
  const std::int64_t last = args.y.rows * args.cells;
  const std::int64_t ahead = kRowsAhead * args.cells;
  for (std::int64_t i = 0; i < args.y.rows; ++i) {
    const std::int64_t first = i * args.cells;
    const std::int64_t end = first + args.cells;
    for (std::int64_t c = first + ahead; c < end + ahead && c < last; ++c) {
      if (args.rows[c] >= 0) fetch_row(args.table + args.rows[c] * cols, cols);
    }
    float* y = args.y.data + i * args.y.stride;
    column_blocks<V>(cols, [&](std::int64_t j, const auto& load, const auto& store) {
      auto sum = decltype(load(y, 0.0f))::zero();
      for (std::int64_t c = first; c < end; ++c) {
        if (args.rows[c] < 0) continue;
        add_row<V>(&sum, load(args.table + args.rows[c] * cols + j, 0.0f),
                   args.scales == nullptr ? nullptr : args.scales + c);
      }
      store(y + j, sum);
    });
  }
}

// The sum of the gradients of one group of cells, columns j ...
template <class V, class Load>
auto group_sum(const UpdateRowsArgs& args, std::int32_t first, std::int64_t j, const Load& load) {
  auto sum = decltype(load(args.dy.data, 0.0f))::zero();
  for (std::int32_t cell = first; cell >= 0; cell = args.next[cell]) {
    const std::int64_t i = args.cells == 1 ? cell : cell / args.cells;
    add_row<V>(&sum, load(args.dy.data + i * args.dy.stride + j, 0.0f),
               args.scales == nullptr ? nullptr : args.scales + cell);
  }
  return sum;
}

template <class V>
void update_row(const UpdateRowsArgs& args, std::int64_t group) {
  const std::int64_t cols = args.dy.cols;
  float* out = args.out + args.rows[group] * cols;
  float* accumulator =
      args.accumulator == nullptr ? nullptr : args.accumulator + args.rows[group] * cols;
  const auto learning_rate = V::set(args.learning_rate);
  column_blocks<V>(cols, [&](std::int64_t j, const auto& load, const auto& store) {
    auto g = group_sum<V>(args, args.first[group], j, load);
    if (args.update == Update::kNone) return store(out + j, g);
    auto w = load(out + j, 0.0f);
    if (args.update == Update::kGradientDescent) {
      for (int k = 0; k < w.kCount; ++k) w.v[k] = descended<V>(w.v[k], g.v[k], learning_rate);
    } else {
      auto a = load(accumulator + j, 1.0f);  // 1: no division by zero off the end
      for (int k = 0; k < w.kCount; ++k) adagrad<V>(&w.v[k], &a.v[k], g.v[k], learning_rate);
      store(accumulator + j, a);
    }
    store(out + j, w);
  });
}

template <class V>
void update_rows(const UpdateRowsArgs& args) noexcept {
  const std::int64_t cols = args.dy.cols;
  for (std::int64_t group = 0; group < args.groups; ++group) {
    const std::int64_t soon = group + kRowsAhead;
    if (soon < args.groups) {
      fetch_row(args.out + args.rows[soon] * cols, cols);
      if (args.accumulator != nullptr) fetch_row(args.accumulator + args.rows[soon] * cols, cols);
      fetch_row(args.dy.data + args.first[soon] / args.cells * args.dy.stride, cols);
    }
    update_row<V>(args, group);
  }
}

}  // namespace
}  // namespace holdfast::kernels
