#include "runtime/initializers.h"

#include <gtest/gtest.h>

#include <cmath>

#include "testing.h"

namespace holdfast {
namespace {

Tensor initial(const std::string& initializer, const Shape& shape, std::uint64_t seed = 1,
               Attributes more = {}, const std::string& name = "w") {
  more["dtype"] = std::string("float32");
  more["shape"] = shape;
  more["initializer"] = initializer;
  Graph graph;
  return initial_value(graph.node(graph.add("variable", {}, more, name)), seed);
}

double mean(const Tensor& t) {
  double sum = 0;
  for (std::int64_t i = 0; i < t.size(); ++i) sum += t.data<float>()[i];
  return sum / static_cast<double>(t.size());
}
double deviation(const Tensor& t) {
  const double m = mean(t);
  double sum = 0;
  for (std::int64_t i = 0; i < t.size(); ++i) sum += std::pow(t.data<float>()[i] - m, 2);
  return std::sqrt(sum / static_cast<double>(t.size()));
}
double largest(const Tensor& t) {
  double most = 0;
  for (std::int64_t i = 0; i < t.size(); ++i) most = std::fmax(most, std::fabs(t.data<float>()[i]));
  return most;
}

TEST(Initializers, GlorotUniformFillsItsLimits) {
  const Tensor w = initial("glorot_uniform", {300, 100});
  const double limit = std::sqrt(6.0 / 400);  // sqrt(6 / (in + out))
  EXPECT_LE(largest(w), limit);
  EXPECT_GT(largest(w), 0.999 * limit);
  EXPECT_NEAR(deviation(w), limit / std::sqrt(3.0), 0.01 * limit);
  EXPECT_NEAR(mean(w), 0, 0.01 * limit);
}

TEST(Initializers, TruncatedNormalStaysWithinTwoSigma) {
  const Tensor w = initial("truncated_normal", {30000}, 1, {{"stddev", 0.5}});
  EXPECT_LE(largest(w), 1.0);                     // 2 * 0.5
  EXPECT_NEAR(deviation(w), 0.5 * 0.8796, 0.01);  // the deviation of a normal cut at 2 sigma
}

TEST(Initializers, RandomNormalHasItsMoments) {
  const Tensor w = initial("random_normal", {30000}, 1, {{"mean", 3.0}, {"stddev", 2.0}});
  EXPECT_NEAR(mean(w), 3.0, 0.05);
  EXPECT_NEAR(deviation(w), 2.0, 0.05);
}

TEST(Initializers, DependOnSeedAndNameOnly) {
  const Tensor w = initial("glorot_uniform", {3, 3}, 7);
  const auto same = [&](const Tensor& other) {
    return std::equal(w.data<float>(), w.data<float>() + 9, other.data<float>());
  };
  EXPECT_TRUE(same(initial("glorot_uniform", {3, 3}, 7)));
  EXPECT_FALSE(same(initial("glorot_uniform", {3, 3}, 8)));
  EXPECT_FALSE(same(initial("glorot_uniform", {3, 3}, 7, {}, "v")));
}

TEST(Initializers, ArrayAndConstant) {
  const Tensor array = initial("array", {2}, 1, {{"values", std::vector<double>{1.5, -2}}});
  EXPECT_EQ(array.data<float>()[0], 1.5f);
  EXPECT_EQ(array.data<float>()[1], -2.0f);
  EXPECT_EQ(initial("constant", {2}, 1, {{"value", 0.1}}).data<float>()[1], 0.1f);
}

TEST(Initializers, UnknownNameNamesTheVariable) {
  EXPECT_ERROR(initial("glorot", {2}), Code::kInvalidArgument,
               "variable \"w\": expected an initializer of zeros, ones");
}

}  // namespace
}  // namespace holdfast
