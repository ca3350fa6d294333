#include <gtest/gtest.h>

#include <cmath>

#include "ops/evaluate.h"

namespace holdfast::testing {
namespace {

// A quarter, a half and a quarter: exp(log 2) = 2.
const Tensor& logits() {
  static const auto kLog2 = static_cast<float>(std::log(2.0));
  static const Tensor x = floats({1, 3}, {0, kLog2, 0});
  return x;
}

TEST(Softmax, GivesProbabilities) {
  const std::vector<float> p = values_of<float>(apply("softmax", {logits()}));
  EXPECT_NEAR(p[0], 0.25, 1e-7);
  EXPECT_NEAR(p[1], 0.5, 1e-7);
  const std::vector<float> log_p = values_of<float>(apply("log_softmax", {logits()}));
  EXPECT_NEAR(log_p[0], std::log(0.25), 3e-7);
  EXPECT_NEAR(log_p[1], std::log(0.5), 3e-7);
}

TEST(Softmax, LargeLogitsNeitherOverflowNorVanish) {
  const Tensor x = floats({1, 2}, {1000, 0});
  EXPECT_EQ(values_of<float>(apply("softmax", {x})), (std::vector<float>{1, 0}));
  EXPECT_EQ(values_of<float>(apply("log_softmax", {x})), (std::vector<float>{0, -1000}));
}

TEST(Softmax, IsAlongTheLastAxisOfAnyRank) {
  const std::vector<float> p =
      values_of<float>(apply("softmax", {floats({2, 1, 2}, {3, 3, -1, -1})}));
  EXPECT_EQ(p, (std::vector<float>{0.5f, 0.5f, 0.5f, 0.5f}));
  EXPECT_EQ(apply("softmax", {floats({2, 0}, {})}).shape(), (Shape{2, 0}));
  EXPECT_EQ(apply("softmax", {floats({0, 3}, {})}).shape(), (Shape{0, 3}));
}

TEST(Softmax, RefusesScalarsOtherDtypesAndOtherGradients) {
  for (const std::string op : {"softmax", "log_softmax"}) {
    EXPECT_EQ(error_of(op, {floats({}, {1})}),
              "node \"" + op + "\": expected rank 1 or more; got a scalar");
    EXPECT_EQ(error_of(op, {ints({1}, {1})}),
              "node \"" + op + "\": input 0: expected float32; got int64; cast it first");
    EXPECT_EQ(error_of(op + "_grad", {floats({2}, {0.5f, 0.5f}), floats({1}, {1})}),
              "node \"" + op + "_grad\": dy: expected shape [2]; got [1]");
  }
}

}  // namespace
}  // namespace holdfast::testing
