// The innermost loop of a matrix product: a tile of C stays in registers while k runs.
#pragma once

#include "kernels/activation_impl.h"
#include "kernels/kernels.h"

namespace holdfast::kernels {
namespace {

// An array whose values at the place of a tile are wanted when its sums are done.
struct Nearby {
  const float* data = nullptr;
  std::int64_t stride = 0;
};
constexpr int kMostNearby = 3;  // what was below and the result; or weight and accumulator

// What is done to the sums while they are in registers. On small layers a second look at the tile
// would cost more than the sums.
enum class Finish {
  kStore,
  kBias,       // C = sums + bias
  kBiasRelu,   // C = relu(sums + bias)
  kReluSlope,  // C = below > 0 ? sums : 0
};

// C[r, c] = (accumulate ? C[r, c] : 0) + sum over k of A[r, k] * B[k, c]: one FMA chain for each
// element, k ascending. Stopping after some k and going on with `accumulate` gives the same bits.
template <class V>
struct MicroArgs {
  std::int64_t steps;  // of k
  const float* a;
  std::int64_t a_stride;  // between steps where the rows of A are contiguous, else between rows
  const float* b;         // B[k, c] = b[k * b_stride + c]
  std::int64_t b_stride;
  float* c;
  std::int64_t c_stride;
  bool accumulate;
  typename V::Tail tail;  // of the last vector of a row, where B is masked or C is cut
  Finish finish;
  bool c_is_cut;       // the last vector of a row of C has room for `tail` only; not with kStore
  const float* bias;   // at the first column of the tile
  const float* below;  // at the place of the tile
  std::int64_t below_stride;
  Nearby nearby[kMostNearby];   // the first without data ends the list
  std::int64_t nearby_columns;  // so many floats of each row
};

constexpr std::int64_t kPrefetchSteps = 64;  // with fewer, a tile is done before anything arrives

// Asks for row r of every array. All rows at once would fill the queue of outstanding misses, and
// the operands, which miss the first cache too, would wait behind them (kernels_bench, 2048 x 429 x
// 400, gradient of the input: 15 %).
template <class V>
void prefetch_row(const MicroArgs<V>& args, int r) {
  for (const Nearby& array : args.nearby) {
    if (array.data == nullptr) return;
    const float* row = array.data + r * array.stride;
    __builtin_prefetch(row, 1);
    __builtin_prefetch(row + args.nearby_columns - 1, 1);
  }
}

// C is whole vectors across unless it is cut, also where kMasked cuts the last one of B.
// A[r, k] is a[k * a_stride + r] with kRowsContiguous, else a[r * a_stride + k].
template <class V, int kRows, int kVectors, bool kRowsContiguous, bool kMasked>
void micro(const MicroArgs<V>& args) {
  constexpr int W = V::kWidth;
  using F = typename V::F;
  const auto load = [&](const float* p, int v) {
    if constexpr (kMasked) {
      if (v == kVectors - 1) return V::load_tail(p, args.tail);
    }
    return V::load(p);
  };
  F sum[kRows][kVectors];
  if (args.accumulate) {
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) sum[r][v] = V::load(args.c + r * args.c_stride + v * W);
    }
  } else {
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) sum[r][v] = V::zero();
    }
  }

  // Three rows share a pointer, because an address can be p, p + s or p + 2 * s: that keeps all
  // of them in registers.
  constexpr int kPointers = kRowsContiguous ? 1 : (kRows + 2) / 3;
  const std::int64_t a_stride = args.a_stride;
  const float* a[kPointers];
#pragma GCC unroll 8
  for (int p = 0; p < kPointers; ++p) a[p] = args.a + 3 * p * a_stride;
  const float* b = args.b;
  const auto run = [&](std::int64_t steps) {
    for (std::int64_t k = 0; k < steps; ++k) {
      F row[kVectors];
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) row[v] = load(b + v * W, v);
#pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r) {
        const F element =
            V::set(kRowsContiguous ? a[0][r] : a[r / 3 % kPointers][r % 3 * a_stride]);
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; ++v) sum[r][v] = V::fma(element, row[v], sum[r][v]);
      }
#pragma GCC unroll 8
      for (int p = 0; p < kPointers; ++p) a[p] += kRowsContiguous ? a_stride : 1;
      b += args.b_stride;
    }
  };
  std::int64_t left = args.steps;
  if (args.nearby[0].data != nullptr) {
    const std::int64_t share = left / kRows;
    for (int r = 0; r < kRows; ++r) {
      prefetch_row(args, r);
      if (r + 1 < kRows) run(share);
    }
    left -= (kRows - 1) * share;
  }
  run(left);

  // The last vectors of the rows of C, and of what lies below: where C is cut they go through a
  // copy with room for them, so that what is unrolled need not know.
  alignas(64) float copy[kRows * W];
  const std::int64_t last = (kVectors - 1) * W;
  float* const last_c = args.c_is_cut ? copy : args.c + last;
  const std::int64_t last_c_stride = args.c_is_cut ? W : args.c_stride;
  const auto store_each = [&](const auto& finished) {
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
      for (int v = 0; v + 1 < kVectors; ++v) {
        V::store(args.c + r * args.c_stride + v * W, finished(sum[r][v], r, v));
      }
      V::store(last_c + r * last_c_stride, finished(sum[r][kVectors - 1], r, kVectors - 1));
    }
    if (!args.c_is_cut) return;
#pragma GCC unroll 1
    for (int r = 0; r < kRows; ++r) {
      V::store_tail(args.c + r * args.c_stride + last, args.tail, V::load(copy + r * W));
    }
  };
  if (args.finish == Finish::kStore) {
    store_each([](F value, int, int) { return value; });
  } else if (args.finish == Finish::kReluSlope) {
    const float* last_below = args.below + last;
    std::int64_t last_below_stride = args.below_stride;
    if (args.c_is_cut) {
#pragma GCC unroll 1
      for (int r = 0; r < kRows; ++r) {
        V::store(copy + r * W, V::load_tail(last_below + r * args.below_stride, args.tail));
      }
      last_below = copy;
      last_below_stride = W;
    }
    const Relu<V> relu(0.0f);
    store_each([&](F value, int r, int v) {
      const float* below = v + 1 < kVectors ? args.below + r * args.below_stride + v * W
                                            : last_below + r * last_below_stride;
      return relu.slope(V::load(below), value);
    });
  } else {
    F bias[kVectors];
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      const bool cut = v + 1 == kVectors && args.c_is_cut;
      bias[v] = cut ? V::load_tail(args.bias + v * W, args.tail) : V::load(args.bias + v * W);
    }
    // relu(x) = max(0, x), and x = max(-inf, x), NaN included: one form for both.
    const F floor = V::set(args.finish == Finish::kBiasRelu ? 0.0f : -__builtin_inff());
    store_each([&](F value, int, int v) { return V::max(floor, V::add(value, bias[v])); });
  }
}

// The most vectors across of a tile of so many rows. One row or two leave most registers free,
// which hide the latency of their chains; three have enough chains, and code is not free either.
template <class V>
constexpr int max_vectors(int rows) {
  const int few = rows <= 1 ? 8 : 6;
  return rows <= 2 && few * rows <= V::kTileRows * V::kTileVectors ? few : V::kTileVectors;
}

// at[rows][vectors]: the kernel of every tile up to kTileRows x max_vectors(rows).
template <class V, bool kRowsContiguous, bool kMasked>
struct MicroKernels {
  using Kernel = void (*)(const MicroArgs<V>&);
  Kernel at[V::kTileRows + 1][9];

  constexpr MicroKernels() : at() { fill<V::kTileRows, max_vectors<V>(V::kTileRows)>(); }

  static const MicroKernels kTable;

 private:
  template <int kRows, int kVectors>
  constexpr void fill() {
    at[kRows][kVectors] = &micro<V, kRows, kVectors, kRowsContiguous, kMasked>;
    if constexpr (kVectors > 1) {
      fill<kRows, kVectors - 1>();
    } else if constexpr (kRows > 1) {
      fill<kRows - 1, max_vectors<V>(kRows - 1)>();
    }
  }
};
template <class V, bool kRowsContiguous, bool kMasked>
constexpr MicroKernels<V, kRowsContiguous, kMasked>
    MicroKernels<V, kRowsContiguous, kMasked>::kTable{};

template <class V>
typename MicroKernels<V, true, true>::Kernel micro_kernel(int rows, int vectors,
                                                          bool rows_contiguous, bool masked) {
  if (rows_contiguous) {
    return masked ? MicroKernels<V, true, true>::kTable.at[rows][vectors]
                  : MicroKernels<V, true, false>::kTable.at[rows][vectors];
  }
  return masked ? MicroKernels<V, false, true>::kTable.at[rows][vectors]
                : MicroKernels<V, false, false>::kTable.at[rows][vectors];
}

}  // namespace
}  // namespace holdfast::kernels
