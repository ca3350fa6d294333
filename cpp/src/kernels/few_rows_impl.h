// Few rows times a matrix that no near cache holds: one request to a loaded model. The matrix is
// read once, some of its rows side by side from end to end, because memory gives that as fast as it
// can (kernels_bench, 1 x 1024 x 1024: 78 us; in strips of columns 113).
#pragma once

#include "kernels/gemm_impl.h"
#include "kernels/vec_several.h"

namespace holdfast::kernels {
namespace {

constexpr std::int64_t kMostFewRows = 4;
constexpr std::int64_t kFarOperand = 131072;  // floats, 512 KB: an L2 cache

template <class V>
bool is_few_rows_of_far(const Product& p) {
  return p.rows <= kMostFewRows && p.a.step_stride == 1 && p.b.lane_stride == 1 &&
         p.steps * p.columns > kFarOperand && p.columns >= 4 * V::kWidth && p.c != nullptr;
}

// As many floats as a cache line: rows of B that lie a power of two apart have one place in the
// cache for them all, so that half a line would be gone before the other half is wanted.
template <class V, int kWidth = V::kWidth>
struct Line {
  using Type = V;
};
template <class V>
struct Line<V, 8> {
  using Type = Several<V, 2>;
};
template <class V>
struct Line<V, 4> {
  using Type = Several<V, 4>;
};

// C += A[:, step .. step + kSteps] * B[step .. step + kSteps, :], k ascending: the bits of micro().
template <class V, int kRows, int kSteps>
class StepsOfFewRows {
 public:
  StepsOfFewRows(const Product& p, std::int64_t step) : p_(p), b_(p.b.at(0, step).data) {
    for (int r = 0; r < kRows; ++r)
      for (int s = 0; s < kSteps; ++s) a_[r][s] = *p.a.at(r, step + s).data;
  }

  void run() const {
    using L = typename Line<V>::Type;
    std::int64_t j = 0;
    for (; j + L::kWidth <= p_.columns; j += L::kWidth) add<L>(j, WholeVector<L>{});
    for (; j < p_.columns; j += V::kWidth) {
      const std::int64_t left = p_.columns - j;
      add<V>(j, PartVector<V>{V::tail(left < V::kWidth ? left : V::kWidth)});
    }
  }

 private:
  template <class U, class Lanes>
  void add(std::int64_t j, const Lanes& lanes) const {
    typename U::F sum[kRows];
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) sum[r] = lanes.load(p_.c + r * p_.c_stride + j);
#pragma GCC unroll 8
    for (int s = 0; s < kSteps; ++s) {
      const auto row = lanes.load(b_ + s * p_.b.step_stride + j);
#pragma GCC unroll 4
      for (int r = 0; r < kRows; ++r) sum[r] = U::fma(U::set(a_[r][s]), row, sum[r]);
    }
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) lanes.store(p_.c + r * p_.c_stride + j, sum[r]);
  }

  const Product& p_;
  const float* b_;
  float a_[kRows][kSteps];  // a copy: nothing that is written to C changes it
};

// kSteps: as many as leave the elements of A in registers.
template <class V, int kRows, int kSteps>
void add_all_steps(const Product& p) {
  std::int64_t step = 0;
  for (; step + kSteps <= p.steps; step += kSteps) StepsOfFewRows<V, kRows, kSteps>(p, step).run();
  for (; step < p.steps; ++step) StepsOfFewRows<V, kRows, 1>(p, step).run();
}

// The epilogue reads whole vectors: the last one from a copy with room for it.
template <class V>
void finish_rows(const Product& p) {
  const std::int64_t whole = p.columns / V::kWidth * V::kWidth;
  p.epilogue(p.context, {0, 0, p.rows, whole, p.c, p.c_stride});
  if (whole == p.columns) return;
  alignas(64) float rest[kMostFewRows * V::kWidth];
  const Tile tile{0, whole, p.rows, p.columns - whole, rest, V::kWidth};
  copy_tile<V>(tile, p.c + whole, p.c_stride, rest, V::kWidth);
  p.epilogue(p.context, tile);
}

template <class V>
void multiply_few_rows(const Product& p) {
  for (std::int64_t r = 0; r < p.rows; ++r)
    for (std::int64_t j = 0; j < p.columns; ++j) p.c[r * p.c_stride + j] = 0.0f;
  if (p.rows == 1) add_all_steps<V, 1, 4>(p);
  if (p.rows == 2) add_all_steps<V, 2, 4>(p);
  if (p.rows == 3) add_all_steps<V, 3, 4>(p);
  if (p.rows == 4) add_all_steps<V, 4, 4>(p);
  if (p.epilogue != nullptr) finish_rows<V>(p);
}

}  // namespace
}  // namespace holdfast::kernels
