// The distribution of a tensor in one pass, so that a summary takes its bins out of a step and
// nothing else.
#include "base/histogram.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "ops/families.h"
#include "ops/operands.h"

namespace holdfast {
namespace {

TensorType infer_histogram(const InferContext& context) {
  expect_dtype(context, 0, kNumbers);
  const auto buckets = static_cast<std::int64_t>(histogram_limits().size());
  return {DType::kFloat64, {kHistogramFacts + buckets}};
}

// From a value to its bucket without a search, which would cost ten times as much: a summary shall
// not slow training. Sign, exponent and four bits of mantissa are the key; between two keys lies at
// most one limit, since limits grow by 1.1 and keys by at most 1.0625.
class BucketTable {
 public:
  BucketTable() : limits_(histogram_limits()), start_(std::size_t{1} << kKeyBits) {
    for (std::size_t key = 0; key < start_.size(); ++key) {
      const auto bits = static_cast<std::uint32_t>(key << kOtherBits);
      // The least value with this key: of negative numbers the one with all other bits set.
      const bool negative = key >> (kKeyBits - 1) != 0;
      const std::uint32_t least = negative ? bits | ((1U << kOtherBits) - 1) : bits;
      float value;
      std::memcpy(&value, &least, sizeof value);
      start_[key] = static_cast<std::uint16_t>(std::isnan(value) ? 0 : search(value));
    }
  }

  std::size_t bucket(float value) const noexcept {
    std::uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    const std::size_t at = start_[bits >> kOtherBits];
    return at + (static_cast<double>(value) >= limits_[at] ? 1 : 0);
  }
  template <typename T>
  std::size_t bucket(T value) const noexcept {
    return search(static_cast<double>(value));
  }

 private:
  std::size_t search(double value) const noexcept {
    const auto at = std::upper_bound(limits_.begin(), limits_.end() - 1, value) - limits_.begin();
    return static_cast<std::size_t>(at);
  }

  static constexpr int kKeyBits = 13;
  static constexpr int kOtherBits = 32 - kKeyBits;
  const std::vector<double>& limits_;
  std::vector<std::uint16_t> start_;
};

const BucketTable& bucket_table() {
  static const BucketTable table;
  return table;
}

// NaN and infinite values are left out: they have no place among the limits.
class HistogramKernel : public OpKernel {
 public:
  explicit HistogramKernel(const KernelContext& context)
      : values_(context.inputs[0]),
        facts_(context.output.as<double>()),
        counts_(facts_ + kHistogramFacts),
        buckets_(static_cast<std::size_t>(context.output.size - kHistogramFacts)),
        table_(bucket_table()) {}

  void run(const RunContext&) override {
    switch (values_.dtype) {
      case DType::kFloat32:
        return count<float>();
      case DType::kFloat64:
        return count<double>();
      case DType::kInt32:
        return count<std::int32_t>();
      default:
        return count<std::int64_t>();
    }
  }

 private:
  template <typename T>
  void count() {
    std::fill_n(counts_, buckets_, 0.0);
    double low = std::numeric_limits<double>::infinity();
    double high = -low;
    double num = 0;
    double sum = 0;
    double squares = 0;
    const T* values = values_.as<T>();
    for (std::int64_t i = 0; i < values_.size; ++i) {
      const auto value = static_cast<double>(values[i]);
      if (!std::isfinite(value)) continue;
      counts_[table_.bucket(values[i])] += 1;
      low = std::min(low, value);
      high = std::max(high, value);
      num += 1;
      sum += value;
      squares += value * value;
    }
    facts_[0] = num > 0 ? low : 0;
    facts_[1] = num > 0 ? high : 0;
    facts_[2] = num;
    facts_[3] = sum;
    facts_[4] = squares;
  }

  Buffer values_;
  double* facts_;
  double* counts_;
  std::size_t buckets_;
  const BucketTable& table_;
};

}  // namespace

std::vector<OpDef> histogram_ops() {
  return {{"histogram", 1, 1, infer_histogram, nullptr, make_op_kernel<HistogramKernel>}};
}

}  // namespace holdfast
