#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "ops/gradient_check.h"

namespace holdfast::testing {
namespace {

Tensor texts(const std::vector<std::string>& values) {
  return tensor(DType::kString, {static_cast<std::int64_t>(values.size())}, values);
}

Tensor cast(const Tensor& x, const char* dtype) {
  return apply("cast", {x}, {{"dtype", std::string(dtype)}});
}

std::string cast_error(const Tensor& x, const char* dtype) {
  return error_of("cast", {x}, {{"dtype", std::string(dtype)}});
}

TEST(Cast, FloatsBecomeIntegersTowardsZeroAndSaturate) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Tensor x = floats({5}, {1.9f, -1.9f, nan, 1e20f, -1e20f});
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  constexpr auto kLeast = std::numeric_limits<std::int64_t>::min();
  EXPECT_EQ(values_of<std::int64_t>(cast(x, "int64")),
            (std::vector<std::int64_t>{1, -1, 0, kMost, kLeast}));
  EXPECT_EQ(values_of<std::int32_t>(cast(x, "int32")),
            (std::vector<std::int32_t>{1, -1, 0, std::numeric_limits<std::int32_t>::max(),
                                       std::numeric_limits<std::int32_t>::min()}));
}

TEST(Cast, BetweenNumbersAndBool) {
  EXPECT_EQ(values_of<bool>(cast(floats({3}, {0, -0.5f, 2}), "bool")),
            (std::vector<bool>{false, true, true}));
  EXPECT_EQ(values_of<double>(cast(tensor<bool>(DType::kBool, {2}, {true, false}), "float64")),
            (std::vector<double>{1, 0}));
  EXPECT_EQ(values_of<double>(cast(ints({1}, {-7}), "float64")), (std::vector<double>{-7}));
  EXPECT_EQ(values_of<std::string>(cast(texts({"a", ""}), "string")),
            (std::vector<std::string>{"a", ""}));
}

TEST(Cast, ParsesDecimalTextAndSpacesAroundIt) {
  EXPECT_EQ(values_of<float>(cast(texts({"1.5", " -2e1\t", "+3", "1e39", "1e-60"}), "float32")),
            (std::vector<float>{1.5f, -20, 3, std::numeric_limits<float>::infinity(), 0}));
  EXPECT_EQ(values_of<std::int32_t>(cast(texts({"-12", " 7 "}), "int32")),
            (std::vector<std::int32_t>{-12, 7}));
  EXPECT_EQ(values_of<std::int64_t>(cast(texts({"9223372036854775807"}), "int64")),
            (std::vector<std::int64_t>{std::numeric_limits<std::int64_t>::max()}));
}

TEST(Cast, RefusesTextThatIsNoNumberOfTheDtype) {
  EXPECT_EQ(cast_error(texts({"1", "1x"}), "float32"),
            "node \"cast\": expected text that reads as float32; got \"1x\" at place 1");
  for (const char* text : {"", " ", "+", "+-1", "1.5", "4294967296", "0x10"}) {
    EXPECT_EQ(cast_error(texts({text}), "int32"),
              "node \"cast\": expected text that reads as int32; got \"" + std::string(text) +
                  "\" at place 0");
  }
  EXPECT_NE(cast_error(texts({std::string("1\0", 2)}), "int64"), "");
}

TEST(Cast, RefusesDtypesThatHaveNoCast) {
  EXPECT_EQ(cast_error(ints({1}, {1}), "string"),
            "node \"cast\": expected a cast to float32, float64, int32, int64 or bool; got int64 "
            "to string; use as_string");
  EXPECT_EQ(cast_error(ints({1}, {1}), "int8"),
            "node \"cast\": expected a cast to float32, float64, int32, int64 or bool; got int64 "
            "to int8");
  EXPECT_EQ(cast_error(texts({"1"}), "bool"),
            "node \"cast\": expected a string that is cast to a number; got a cast to bool");
}

TEST(Cast, PassesTheGradientBetweenFloats) {
  check_gradients("cast", {doubles({2}, {0.5, -1.5})}, {{"dtype", std::string("float64")}});
  Graph graph;
  const Tensor x = floats({1}, {2});
  const NodeId fed = placeholder(graph, x);
  const NodeId wide = graph.add("cast", {fed}, {{"dtype", std::string("float64")}});
  const NodeId grad = graph.gradients(graph.add("square", {wide}), {fed})[0];
  const Tensor slope = evaluate(graph, grad, {{fed, x}});
  EXPECT_EQ(slope.dtype(), DType::kFloat32);
  EXPECT_EQ(values_of<float>(slope), (std::vector<float>{4}));  // 2 x
}

}  // namespace
}  // namespace holdfast::testing
