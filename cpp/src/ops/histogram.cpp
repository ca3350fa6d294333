// The distribution of a tensor in one pass, so that a summary takes its bins out of a step and
// nothing else.
#include "base/histogram.h"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

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

template <typename T>
bool is_finite(T value) noexcept {
  return std::isfinite(static_cast<double>(value));
}

// From a value to its counter without a search, which would cost ten times as much: a summary shall
// not slow training. Sign, exponent and four bits of mantissa are the key; between two keys lies at
// most one limit, since limits grow by 1.1 and keys by at most 1.0625.
class BucketTable {
 public:
  BucketTable() : limits_(histogram_limits()), entries_(std::size_t{1} << kKeyBits) {
    for (std::size_t key = 0; key < entries_.size(); ++key) {
      const float least = least_of(static_cast<std::uint32_t>(key));
      entries_[key] = {std::numeric_limits<float>::infinity(), static_cast<int>(limits_.size())};
      if (is_finite(least)) entries_[key] = entry_of(search(least));
    }
  }

  std::size_t buckets() const noexcept { return limits_.size(); }
  std::size_t counter(float value) const noexcept {
    std::uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    const Entry& entry = entries_[bits >> kOtherBits];
    return static_cast<std::size_t>(entry.counter) + (value >= entry.next ? 1 : 0);
  }
  template <typename T>
  std::size_t counter(T value) const noexcept {
    return is_finite(value) ? search(static_cast<double>(value)) : buckets();
  }

 private:
  struct Entry {
    float next;   // from this value on the counter is one more
    int counter;  // of the least value with this key
  };

  // Of negative numbers the one with all other bits set.
  static float least_of(std::uint32_t key) noexcept {
    const bool negative = key >> (kKeyBits - 1) != 0;
    const std::uint32_t first = key << kOtherBits;
    const std::uint32_t bits = negative ? first | ((1U << kOtherBits) - 1) : first;
    float value;
    std::memcpy(&value, &bits, sizeof value);
    // Whoever makes the table may count denormals as zero; they lie in the buckets beside it.
    const bool denormal = (bits & kExponent) == 0 && (bits & kFraction) != 0;
    if (denormal) return negative ? -FLT_MIN : FLT_MIN;
    return value;
  }

  // The least float that is not below the limit: for a float the comparison is the same.
  Entry entry_of(std::size_t bucket) const noexcept {
    const double limit = limits_[bucket];
    constexpr double kMost = FLT_MAX;
    float next = std::numeric_limits<float>::infinity();
    if (limit <= kMost) next = static_cast<float>(std::max(limit, -kMost));
    if (static_cast<double>(next) < limit) next = std::nextafter(next, FLT_MAX);
    return {next, static_cast<int>(bucket)};
  }

  std::size_t search(double value) const noexcept {
    const auto found = std::upper_bound(limits_.begin(), limits_.end() - 1, value);
    return static_cast<std::size_t>(found - limits_.begin());
  }

  static constexpr std::uint32_t kExponent = 0x7F800000U;
  static constexpr std::uint32_t kFraction = 0x007FFFFFU;
  static constexpr int kKeyBits = 13;
  static constexpr int kOtherBits = 32 - kKeyBits;
  const std::vector<double>& limits_;
  std::vector<Entry> entries_;
};

const BucketTable& bucket_table() {
  static const BucketTable table;
  return table;
}

// Two numbers that one instruction of every machine here computes with.
typedef double Pair __attribute__((vector_size(2 * sizeof(double))));

// Sums over four lanes that do not wait for each other; each is added in order, and all at the end:
// the same on every machine.
class Facts {
 public:
  void add(Pair first, Pair second) noexcept {
    add_to(0, first);
    add_to(1, second);
    num_ += 4;
  }
  void add(double value) noexcept {
    low_[0][0] = value < low_[0][0] ? value : low_[0][0];
    high_[0][0] = value > high_[0][0] ? value : high_[0][0];
    sum_[0][0] += value;
    squares_[0][0] += value * value;
    ++num_;
  }
  std::int64_t num() const noexcept { return num_; }
  double low() const noexcept { return std::min({low_[0][0], low_[0][1], low_[1][0], low_[1][1]}); }
  double high() const noexcept {
    return std::max({high_[0][0], high_[0][1], high_[1][0], high_[1][1]});
  }
  double sum() const noexcept { return total(sum_); }
  double squares() const noexcept { return total(squares_); }

 private:
  static constexpr double kInfinity = std::numeric_limits<double>::infinity();

  void add_to(int pair, Pair values) noexcept {
    low_[pair] = values < low_[pair] ? values : low_[pair];
    high_[pair] = values > high_[pair] ? values : high_[pair];
    sum_[pair] += values;
    squares_[pair] += values * values;
  }
  static double total(const Pair (&lanes)[2]) noexcept {
    return ((lanes[0][0] + lanes[0][1]) + lanes[1][0]) + lanes[1][1];
  }

  Pair low_[2] = {{kInfinity, kInfinity}, {kInfinity, kInfinity}};
  Pair high_[2] = {{-kInfinity, -kInfinity}, {-kInfinity, -kInfinity}};
  Pair sum_[2] = {};
  Pair squares_[2] = {};
  std::int64_t num_ = 0;
};

template <typename T>
Facts facts_of(const T* values, std::int64_t size) noexcept {
  const auto pair = [values](std::int64_t i) {
    return Pair{static_cast<double>(values[i]), static_cast<double>(values[i + 1])};
  };
  Facts facts;
  std::int64_t i = 0;
  for (; i + 4 <= size; i += 4) facts.add(pair(i), pair(i + 2));
  for (; i < size; ++i) facts.add(static_cast<double>(values[i]));
  return facts;
}

template <typename T>
Facts facts_of_finite(const T* values, std::int64_t size) noexcept {
  Facts facts;
  for (std::int64_t i = 0; i < size; ++i)
    if (is_finite(values[i])) facts.add(static_cast<double>(values[i]));
  return facts;
}

// NaN and infinite values are left out: they have no place among the limits. Only the buckets from
// that of the least value to that of the greatest are looked at: the others stay zero from run to
// run, and to clear them, or to count in them, would cost as much as all the rest.
class HistogramKernel : public OpKernel {
 public:
  explicit HistogramKernel(const KernelContext& context)
      : values_(context.inputs[0]),
        facts_(context.output.as<double>()),
        counts_(facts_ + kHistogramFacts),
        table_(bucket_table()),
        counters_(kSets * (table_.buckets() + kNotFinite)) {
    std::fill_n(counts_, table_.buckets(), 0.0);
    Counters next = counters_.data();
    for (Counters& set : sets_) set = std::exchange(next, next + table_.buckets() + kNotFinite);
  }

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
  using Counters = std::int32_t*;
  static constexpr int kSets = 4;
  static constexpr std::int64_t kBlock = std::int64_t{1} << 29;  // what four counters can hold

  template <typename T>
  void summarize() {
    const T* values = values_.as<T>();
    const std::int64_t size = values_.size;
    Facts facts = facts_of(values, size);
    // A value that is not finite shows in its square; so does one that is too large for a square.
    if (!std::isfinite(facts.squares())) facts = facts_of_finite(values, size);
    std::fill(counts_ + first_, counts_ + end_, 0.0);
    first_ = end_ = 0;
    if (facts.num() > 0) {
      first_ = bucket_of<T>(facts.low());
      end_ = bucket_of<T>(facts.high()) + 1;
    }
    write(facts);
    if (facts.num() == 0) return;
    for (std::int64_t begin = 0; begin < size; begin += kBlock)
      count(values + begin, std::min(kBlock, size - begin));
  }

  // Of one of the values.
  template <typename T>
  std::size_t bucket_of(double value) const noexcept {
    if constexpr (std::is_same_v<T, float>) return table_.counter(static_cast<float>(value));
    return table_.counter(value);
  }

  // Each addition to one counter waits for the one before, and a relu gives zeros by the hundred:
  // values take turns at several sets of counters.
  template <typename T>
  void count(const T* values, std::int64_t size) noexcept {
    for (const Counters& set : sets_) std::fill(set + first_, set + end_, 0);
    std::int64_t i = 0;
    for (; i + kSets <= size; i += kSets)
      for (int set = 0; set < kSets; ++set) ++sets_[set][table_.counter(values[i + set])];
    for (; i < size; ++i) ++sets_[0][table_.counter(values[i])];
    for (std::size_t at = first_; at < end_; ++at)
      counts_[at] += sets_[0][at] + sets_[1][at] + sets_[2][at] + sets_[3][at];
  }

  void write(const Facts& facts) noexcept {
    const bool any = facts.num() > 0;
    facts_[0] = any ? facts.low() : 0;
    facts_[1] = any ? facts.high() : 0;
    facts_[2] = static_cast<double>(facts.num());
    facts_[3] = facts.sum();
    facts_[4] = facts.squares();
    facts_[5] = any ? static_cast<double>(first_) : 0;
    facts_[6] = any ? static_cast<double>(end_ - 1) : 0;
  }

  Buffer values_;
  double* facts_;
  double* counts_;
  const BucketTable& table_;
  std::size_t first_ = 0;  // of the buckets that may be other than zero
  std::size_t end_ = 0;
  std::vector<std::int32_t> counters_;
  Counters sets_[kSets];
};

}  // namespace

std::vector<OpDef> histogram_ops() {
  return {keeping_result(
      {"histogram", 1, 1, infer_histogram, nullptr, make_op_kernel<HistogramKernel>})};
}

}  // namespace holdfast
