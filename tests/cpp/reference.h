// The definition of every kernel, as naive loops in double precision, and helpers to compare with
// it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "kernels/kernels.h"

namespace holdfast::reference {

using kernels::Activation;
using kernels::ConstMatrix;
using kernels::KernelTable;
using kernels::Matrix;

// Rows of `cols` floats, `gap` floats apart from each other; the gaps hold a sentinel that no
// kernel may touch.
class Grid {
 public:
  static constexpr float kSentinel = 12345.5f;

  Grid(std::int64_t rows, std::int64_t cols, std::int64_t gap = 0)
      : rows_(rows), cols_(cols), stride_(cols + gap) {
    values_.assign(static_cast<std::size_t>(rows * stride_), kSentinel);
  }
  static Grid random(std::int64_t rows, std::int64_t cols, std::int64_t gap, std::uint32_t seed,
                     float low = -1.0f, float high = 1.0f) {
    Grid grid(rows, cols, gap);
    std::mt19937 engine(seed);
    std::uniform_real_distribution<float> uniform(low, high);
    for (std::int64_t i = 0; i < rows; ++i) {
      for (std::int64_t j = 0; j < cols; ++j) grid.at(i, j) = uniform(engine);
    }
    return grid;
  }

  float& at(std::int64_t i, std::int64_t j) {
    return values_[static_cast<std::size_t>(i * stride_ + j)];
  }
  float at(std::int64_t i, std::int64_t j) const {
    return values_[static_cast<std::size_t>(i * stride_ + j)];
  }
  std::int64_t rows() const { return rows_; }
  std::int64_t cols() const { return cols_; }
  std::int64_t stride() const { return stride_; }
  float* data() { return values_.data(); }
  const float* data() const { return values_.data(); }
  ConstMatrix view() const { return {data(), rows_, cols_, stride_}; }
  Matrix view() { return {data(), rows_, cols_, stride_}; }
  ConstMatrix const_view() const { return {data(), rows_, cols_, stride_}; }
  bool gaps_untouched() const {
    for (std::int64_t i = 0; i < rows_; ++i) {
      for (std::int64_t j = cols_; j < stride_; ++j) {
        if (at(i, j) != kSentinel) return false;
      }
    }
    return true;
  }
  float largest() const {
    float most = 0.0f;
    for (std::int64_t i = 0; i < rows_; ++i) {
      for (std::int64_t j = 0; j < cols_; ++j) most = std::max(most, std::fabs(at(i, j)));
    }
    return most;
  }

 private:
  std::int64_t rows_;
  std::int64_t cols_;
  std::int64_t stride_;
  std::vector<float> values_;
};

inline double act(Activation activation, double alpha, double x) {
  constexpr double kSeluScale = 1.0507009873554805;
  constexpr double kSeluAlpha = 1.6732632423543772;
  switch (activation) {
    case Activation::kLinear:
      return x;
    case Activation::kRelu:
      return std::max(x, 0.0);
    case Activation::kRelu6:
      return std::min(std::max(x, 0.0), 6.0);
    case Activation::kLeakyRelu:
      return x > 0 ? x : alpha * x;
    case Activation::kElu:
      return x > 0 ? x : std::expm1(x);
    case Activation::kSelu:
      return kSeluScale * (x > 0 ? x : kSeluAlpha * std::expm1(x));
    case Activation::kTanh:
      return std::tanh(x);
    case Activation::kSigmoid:
      return 1 / (1 + std::exp(-x));
    case Activation::kSoftplus:
      return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x)));
    case Activation::kSoftsign:
      return x / (1 + std::fabs(x));
  }
  return 0;
}

// act'(x) in terms of y = act(x).
inline double slope(Activation activation, double alpha, double y) {
  constexpr double kSeluScale = 1.0507009873554805;
  constexpr double kSeluScaleAlpha = 1.7580993408473766;
  switch (activation) {
    case Activation::kLinear:
      return 1;
    case Activation::kRelu:
      return y > 0 ? 1 : 0;
    case Activation::kRelu6:
      return y > 0 && y < 6 ? 1 : 0;
    case Activation::kLeakyRelu:
      return y > 0 ? 1 : alpha;
    case Activation::kElu:
      return y > 0 ? 1 : y + 1;
    case Activation::kSelu:
      return y > 0 ? kSeluScale : y + kSeluScaleAlpha;
    case Activation::kTanh:
      return 1 - y * y;
    case Activation::kSigmoid:
      return y * (1 - y);
    case Activation::kSoftplus:
      return -std::expm1(-y);
    case Activation::kSoftsign:
      return (1 - std::fabs(y)) * (1 - std::fabs(y));
  }
  return 0;
}

constexpr Activation kActivations[] = {
    Activation::kLinear,   Activation::kRelu,    Activation::kRelu6, Activation::kLeakyRelu,
    Activation::kElu,      Activation::kSelu,    Activation::kTanh,  Activation::kSigmoid,
    Activation::kSoftplus, Activation::kSoftsign};

// sum over k of x[i, k] * w[k, j], for views with any strides of either axis.
struct Strided {
  const float* data;
  std::int64_t row_stride;
  std::int64_t col_stride;
  double at(std::int64_t i, std::int64_t j) const { return data[i * row_stride + j * col_stride]; }
};
inline double dot(const Strided& x, const Strided& w, std::int64_t i, std::int64_t j,
                  std::int64_t steps) {
  double sum = 0;
  for (std::int64_t k = 0; k < steps; ++k) sum += x.at(i, k) * w.at(k, j);
  return sum;
}
inline Strided rows_of(const Grid& grid) { return {grid.data(), grid.stride(), 1}; }
inline Strided transposed(const Grid& grid) { return {grid.data(), 1, grid.stride()}; }

// The error of a chain of `steps` roundings (style.md): eps * (k + 1) * max|x| * max|w|, where eps
// is half the distance of 1 to the next float, times the number of addends.
inline double dot_tolerance(std::int64_t steps, double most_x, double most_w) {
  constexpr double kEps = 0x1p-24;
  const auto k = static_cast<double>(steps);
  return kEps * (k + 1) * k * most_x * most_w + 1e-30;
}

inline bool same_bits(float a, float b) {
  if (std::isnan(a) && std::isnan(b)) return true;  // which NaN is the processor's choice
  return std::memcmp(&a, &b, sizeof a) == 0;
}
inline testing::AssertionResult same_bits(const float* a, const float* b, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    if (!same_bits(a[i], b[i])) {
      return testing::AssertionFailure() << "element " << i << ": " << a[i] << " and " << b[i];
    }
  }
  return testing::AssertionSuccess();
}
inline testing::AssertionResult same_bits(const Grid& a, const Grid& b) {
  return same_bits(a.data(), b.data(), a.rows() * a.stride());
}

// The distance of `got` from the exact value, in units of the last place of the float nearest to
// that value.
inline double ulp_error(float got, double exact) {
  const auto nearest = static_cast<float>(exact);
  if (std::isnan(nearest)) return std::isnan(got) ? 0 : std::numeric_limits<double>::infinity();
  if (std::isinf(nearest) || std::isinf(got)) {
    if (got == nearest) return 0;
    // Just above the largest float either of the two is at most one unit off.
    const double largest = std::numeric_limits<float>::max();
    return std::fabs(exact) < largest * (1 + 0x1p-23) && std::isfinite(exact) ? 1 : 1e30;
  }
  const int exponent = std::max(std::ilogb(nearest == 0 ? 0x1p-149f : nearest), -126);
  return std::fabs(static_cast<double>(got) - exact) / std::ldexp(1.0, exponent - 23);
}

inline std::vector<const KernelTable*> tables() {
  const kernels::TableList list = kernels::runnable_tables();
  return {list.tables, list.tables + list.count};
}

// 0, 1, W - 1, W, W + 1, 3 W + 5 for every vector width in use, and the lanes of the fixed tree.
inline std::vector<std::int64_t> sizes() {
  std::vector<std::int64_t> all = {0, 1};
  for (const std::int64_t w : {4, 8, 16}) {
    for (const std::int64_t n : {w - 1, w, w + 1, 3 * w + 5}) all.push_back(n);
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

}  // namespace holdfast::reference
