#include "base/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "ops/evaluate.h"

namespace holdfast::testing {
namespace {

// tensorflow/core/lib/histogram/histogram.cc, as it adds values and as it writes its proto.
class TensorFlowHistogram {
 public:
  TensorFlowHistogram() {
    std::vector<double> positive;
    for (double v = 1.0e-12; v < 1.0e20; v *= 1.1) positive.push_back(v);
    positive.push_back(DBL_MAX);
    for (auto v = positive.rbegin(); v != positive.rend(); ++v) limits_.push_back(-*v);
    limits_.push_back(0.0);
    limits_.insert(limits_.end(), positive.begin(), positive.end());
    counts_.resize(limits_.size());
  }

  void add(double value) {
    std::size_t b = 0;
    while (b + 1 < limits_.size() && !(value < limits_[b])) ++b;  // upper_bound
    counts_[b] += 1;
  }

  const std::vector<double>& counts() const { return counts_; }

  void encode(std::vector<double>& limits, std::vector<double>& counts) const {
    for (std::size_t i = 0; i < counts_.size();) {
      double end = limits_[i];
      const double count = counts_[i];
      ++i;
      if (count <= 0.0) {
        while (i < counts_.size() && counts_[i] <= 0.0) end = limits_[i++];
      }
      limits.push_back(end);
      counts.push_back(count);
    }
  }

  const std::vector<double>& limits() const { return limits_; }

 private:
  std::vector<double> limits_;
  std::vector<double> counts_;
};

template <typename T>
Tensor row(DType dtype, const std::vector<T>& values) {
  return tensor(dtype, {static_cast<std::int64_t>(values.size())}, values);
}

template <typename T>
void expect_as_tensorflow(DType dtype, const std::vector<T>& values) {
  TensorFlowHistogram expected;
  for (const T value : values) expected.add(static_cast<double>(value));
  const std::vector<double> result = values_of<double>(apply("histogram", {row(dtype, values)}));
  const std::vector<double> counts(result.begin() + kHistogramFacts, result.end());
  ASSERT_EQ(counts.size(), expected.counts().size());
  for (std::size_t i = 0; i < counts.size(); ++i)
    ASSERT_EQ(counts[i], expected.counts()[i])
        << "bucket " << i << " up to " << expected.limits()[i];
  std::vector<double> limits, written;
  expected.encode(limits, written);
  HistogramValue value;
  read_histogram(result.data(), value);
  EXPECT_EQ(value.limits, limits);
  EXPECT_EQ(value.counts, written);
}

double bucket_of(double value) {
  const std::vector<double>& limits = histogram_limits();
  return static_cast<double>(std::upper_bound(limits.begin(), limits.end(), value) -
                             limits.begin());
}

TEST(Histogram, HasTensorFlowsLimits) {
  EXPECT_EQ(histogram_limits(), TensorFlowHistogram().limits());
  EXPECT_EQ(histogram_limits().size(), 1551u);
}

TEST(Histogram, OfAFewValuesByHand) {
  const std::vector<double> result =
      values_of<double>(apply("histogram", {floats({2, 2}, {-1.0f, 0.0f, 0.0f, 3.0f})}));
  EXPECT_EQ(std::vector<double>(result.begin(), result.begin() + kHistogramFacts),
            (std::vector<double>{-1, 3, 4, 2, 10, bucket_of(-1), bucket_of(3)}));
  HistogramValue value;
  read_histogram(result.data(), value);
  EXPECT_EQ(value.min, -1);
  EXPECT_EQ(value.max, 3);
  EXPECT_EQ(value.num, 4);
  EXPECT_EQ(value.sum, 2);
  EXPECT_EQ(value.sum_squares, 10);
  // Nothing, -1, nothing up to 0, two zeros, nothing, 3, nothing.
  EXPECT_EQ(value.counts, (std::vector<double>{0, 1, 0, 2, 0, 1, 0}));
  EXPECT_EQ(value.limits.back(), DBL_MAX);
  EXPECT_EQ(value.limits[2], 0.0);
}

// Every limit, the numbers beside it, and their negatives: where a table without a search goes
// wrong.
TEST(Histogram, FindsTheBucketOfFloatsAroundEveryLimit) {
  std::vector<float> values;
  for (const double limit : histogram_limits()) {
    const auto near = static_cast<float>(limit);
    if (!std::isfinite(near)) continue;
    values.insert(values.end(),
                  {near, std::nextafter(near, -FLT_MAX), std::nextafter(near, FLT_MAX)});
  }
  for (const float edge : {0.0f, -0.0f, FLT_MIN, FLT_TRUE_MIN, FLT_MAX})
    values.insert(values.end(), {edge, -edge});
  expect_as_tensorflow(DType::kFloat32, values);
}

TEST(Histogram, AgreesOnRandomBits) {
  std::mt19937 random(5);
  std::vector<float> values;
  while (values.size() < 100'000) {
    const auto bits = static_cast<std::uint32_t>(random());
    float value;
    std::memcpy(&value, &bits, sizeof value);
    if (std::isfinite(value)) values.push_back(value);
  }
  expect_as_tensorflow(DType::kFloat32, values);
}

TEST(Histogram, AgreesOnOtherTypes) {
  expect_as_tensorflow<double>(DType::kFloat64, {-DBL_MAX, -1e-300, 0, 1e-12, 1.5, 1e19, 1e300});
  expect_as_tensorflow<std::int32_t>(DType::kInt32, {-2147483647, -1, 0, 1, 7, 2147483647});
  expect_as_tensorflow<std::int64_t>(DType::kInt64, {-(1LL << 60), 0, 3, 1LL << 60});
  expect_as_tensorflow<float>(DType::kFloat32, {});
}

TEST(Histogram, LeavesOutWhatIsNotFinite) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const auto with = apply("histogram", {floats({5}, {kNan, 1, kInfinity, 2, -kInfinity})});
  EXPECT_EQ(values_of<double>(with), values_of<double>(apply("histogram", {floats({2}, {1, 2})})));
}

TEST(Histogram, RefusesTexts) {
  EXPECT_EQ(
      error_of("histogram", {tensor<std::string>(DType::kString, {1}, {"a"})}),
      "node \"histogram\": input 0: expected float32, float64, int32 or int64; got string; cast it "
      "first");
}

}  // namespace
}  // namespace holdfast::testing
