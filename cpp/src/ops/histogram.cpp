// The distribution of a tensor in one pass, so that a summary takes its bins out of a step and
// nothing else.
#include "base/histogram.h"

#include <algorithm>
#include <cfloat>
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

constexpr std::size_t kNotFinite = 2;  // counters behind the buckets, for what has none
constexpr std::size_t kZeros = 8;      // and behind these, for zeros

template <typename T>
bool is_finite(T value) noexcept {
  return std::isfinite(static_cast<double>(value));
}

// From a value to its counter without a search, which would cost ten times as much: a summary shall
// not slow training. Sign, exponent and four bits of mantissa are the key; between two keys lies at
// most one limit, since limits grow by 1.1 and keys by at most 1.0625.
class BucketTable {
 public:
  BucketTable() : limits_(histogram_limits()), start_(std::size_t{1} << kKeyBits) {
    buckets_ = limits_.size();
    for (std::size_t key = 0; key < start_.size(); ++key) {
      const auto bits = static_cast<std::uint32_t>(key << kOtherBits);
      // The least value with this key: of negative numbers the one with all other bits set.
      const bool negative = key >> (kKeyBits - 1) != 0;
      const std::uint32_t least = negative ? bits | ((1U << kOtherBits) - 1) : bits;
      float value;
      std::memcpy(&value, &least, sizeof value);
      // Whoever made the table may count denormals as zero; they lie in the buckets beside it.
      const bool denormal = (least & kExponent) == 0 && (least & kFraction) != 0;
      if (denormal) value = negative ? -FLT_MIN : FLT_MIN;
      start_[key] = static_cast<std::uint16_t>(is_finite(value) ? search(value) : buckets_);
    }
    limits_.push_back(std::numeric_limits<double>::infinity());
  }

  std::size_t buckets() const noexcept { return buckets_; }
  std::size_t counter(float value) const noexcept {
    std::uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    const std::size_t at = start_[bits >> kOtherBits];
    return at + (static_cast<double>(value) >= limits_[at] ? 1 : 0);
  }
  template <typename T>
  std::size_t counter(T value) const noexcept {
    return is_finite(value) ? search(static_cast<double>(value)) : buckets_;
  }

 private:
  std::size_t search(double value) const noexcept {
    const auto begin = limits_.begin();
    const auto last = begin + static_cast<std::ptrdiff_t>(buckets_) - 1;
    return static_cast<std::size_t>(std::upper_bound(begin, last, value) - begin);
  }

  static constexpr std::uint32_t kExponent = 0x7F800000U;
  static constexpr std::uint32_t kFraction = 0x007FFFFFU;
  static constexpr int kKeyBits = 13;
  static constexpr int kOtherBits = 32 - kKeyBits;
  std::vector<double> limits_;
  std::vector<std::uint16_t> start_;
  std::size_t buckets_ = 0;
};

const BucketTable& bucket_table() {
  static const BucketTable table;
  return table;
}

// Of the values of one lane. Lanes do not wait for each other; each is added in order, and all at
// the end: the same on every machine.
struct Facts {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  double num = 0;
  double sum = 0;
  double squares = 0;

  void add(double value) noexcept {
    low = value < low ? value : low;
    high = value > high ? value : high;
    num += 1;
    sum += value;
    squares += value * value;
  }
  void add(const Facts& other) noexcept {
    low = std::min(low, other.low);
    high = std::max(high, other.high);
    num += other.num;
    sum += other.sum;
    squares += other.squares;
  }
};

// NaN and infinite values are left out: they have no place among the limits.
class HistogramKernel : public OpKernel {
 public:
  explicit HistogramKernel(const KernelContext& context)
      : values_(context.inputs[0]),
        facts_(context.output.as<double>()),
        table_(bucket_table()),
        counters_(table_.buckets() + kNotFinite + kZeros) {}

  void run(const RunContext&) override {
    switch (values_.dtype) {
      case DType::kFloat32:
        return summarize<float>();
      case DType::kFloat64:
        return summarize<double>();
      case DType::kInt32:
        return summarize<std::int32_t>();
      default:
        return summarize<std::int64_t>();
    }
  }

 private:
  static constexpr std::int64_t kLanes = 4;
  static constexpr std::int64_t kBlock = std::int64_t{1} << 30;  // what a counter can hold

  template <typename T>
  void summarize() {
    const T* values = values_.as<T>();
    bool finite = true;
    for (std::int64_t i = 0; i < values_.size; ++i) finite &= is_finite(values[i]);
    const Facts facts = finite ? facts_of<T, false>(values) : facts_of<T, true>(values);
    write(facts);
    double* counts = facts_ + kHistogramFacts;
    std::fill_n(counts, table_.buckets(), 0.0);
    if (facts.num == 0) return;
    // Most buckets lie outside of what was found: a look at them would cost as much as counting.
    used_ = {table_.counter(facts.low), table_.counter(facts.high)};
    for (std::int64_t begin = 0; begin < values_.size; begin += kBlock) {
      count(values + begin, std::min(kBlock, values_.size - begin));
      for (std::size_t i = used_.first; i <= used_.last; ++i) counts[i] += counters_[i];
    }
  }

  template <typename T, bool kSomeAreNot>
  Facts facts_of(const T* values) const noexcept {
    Facts facts[kLanes];
    const std::int64_t whole = values_.size - values_.size % kLanes;
    for (std::int64_t i = 0; i < whole; i += kLanes)
      for (std::int64_t lane = 0; lane < kLanes; ++lane)
        if (!kSomeAreNot || is_finite(values[i + lane]))
          facts[lane].add(static_cast<double>(values[i + lane]));
    for (std::int64_t i = whole; i < values_.size; ++i)
      if (!kSomeAreNot || is_finite(values[i])) facts[0].add(static_cast<double>(values[i]));
    for (std::int64_t lane = 1; lane < kLanes; ++lane) facts[0].add(facts[lane]);
    return facts[0];
  }

  // A relu gives zeros by the hundred, and each addition to one counter waits for the one before:
  // they get several, chosen without a branch, which nothing could predict.
  template <typename T>
  void count(const T* values, std::int64_t size) noexcept {
    const std::size_t zeros = table_.buckets() + kNotFinite;
    const auto clear = [&](std::size_t first, std::size_t end) {
      std::fill(counters_.data() + first, counters_.data() + end, 0);
    };
    clear(used_.first, used_.last + 1);
    clear(table_.buckets(), counters_.size());
    for (std::int64_t i = 0; i < size; ++i) {
      const std::size_t at = table_.counter(values[i]);
      const std::size_t if_zero = zeros + static_cast<std::size_t>(i) % kZeros;
      const std::size_t mask = std::size_t{0} - static_cast<std::size_t>(values[i] == T{0});
      ++counters_[at ^ ((at ^ if_zero) & mask)];
    }
    for (std::size_t i = 0; i < kZeros; ++i)
      if (counters_[zeros + i] != 0) counters_[table_.counter(T{0})] += counters_[zeros + i];
  }

  void write(const Facts& facts) noexcept {
    facts_[0] = facts.num > 0 ? facts.low : 0;
    facts_[1] = facts.num > 0 ? facts.high : 0;
    facts_[2] = facts.num;
    facts_[3] = facts.sum;
    facts_[4] = facts.squares;
  }

  Buffer values_;
  double* facts_;
  struct Buckets {
    std::size_t first = 0;
    std::size_t last = 0;
  };
  const BucketTable& table_;
  Buckets used_;  // from that of the least value to that of the greatest
  std::vector<std::int32_t> counters_;
};

}  // namespace

std::vector<OpDef> histogram_ops() {
  return {{"histogram", 1, 1, infer_histogram, nullptr, make_op_kernel<HistogramKernel>}};
}

}  // namespace holdfast
