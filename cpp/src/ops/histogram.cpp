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

// From a value to its bucket by table: the exponent and the first bits of the mantissa of a float
// say where to start, at most a step or two before the bucket. A search costs ten times as much,
// and a summary shall not slow training.
class BucketTable {
 public:
  BucketTable() : limits_(histogram_limits()), start_(std::size_t{1} << kKeyBits) {
    for (std::size_t key = 0; key < start_.size(); ++key) {
      const auto bits = static_cast<std::uint32_t>(key << (32 - kKeyBits));
      float first;
      std::memcpy(&first, &bits, sizeof first);
      // The least value with this key: for negative numbers the one with all other bits set.
      if (std::signbit(first)) {
        const std::uint32_t last = bits | ((1U << (32 - kKeyBits)) - 1);
        std::memcpy(&first, &last, sizeof first);
      }
      start_[key] = static_cast<std::uint16_t>(std::isnan(first) ? 0 : search(first));
    }
  }

  std::size_t bucket(float value) const noexcept {
    std::uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    std::size_t at = start_[bits >> (32 - kKeyBits)];
    while (at + 1 < limits_.size() && static_cast<double>(value) >= limits_[at]) ++at;
    return at;
  }

  std::size_t search(double value) const noexcept {
    const auto at = std::upper_bound(limits_.begin(), limits_.end(), value) - limits_.begin();
    return std::min(static_cast<std::size_t>(at), limits_.size() - 1);
  }

 private:
  static constexpr int kKeyBits = 13;  // sign, exponent, four bits of mantissa: steps of 1.06
  const std::vector<double>& limits_;
  std::vector<std::uint16_t> start_;
};

const BucketTable& bucket_table() {
  static const BucketTable table;
  return table;
}

std::size_t bucket_of(float value) { return bucket_table().bucket(value); }
template <typename T>
std::size_t bucket_of(T value) {
  return bucket_table().search(static_cast<double>(value));
}

// NaN and infinite values are left out: they have no place among the limits.
class HistogramKernel : public OpKernel {
 public:
  explicit HistogramKernel(const KernelContext& context)
      : values_(context.inputs[0]),
        facts_(context.output.as<double>()),
        counts_(facts_ + kHistogramFacts),
        buckets_(static_cast<std::size_t>(context.output.size - kHistogramFacts)) {
    static_cast<void>(bucket_table());  // made here, not in a step
  }

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
      counts_[bucket_of(values[i])] += 1;
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
};

}  // namespace

std::vector<OpDef> histogram_ops() {
  return {{"histogram", 1, 1, infer_histogram, nullptr, make_op_kernel<HistogramKernel>}};
}

}  // namespace holdfast
