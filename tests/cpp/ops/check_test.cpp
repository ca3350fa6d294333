#include <gtest/gtest.h>

#include <limits>

#include "ops/gradient_check.h"

namespace holdfast::testing {
namespace {

Attributes range(double minimum, double maximum, const std::string& hint = "") {
  return {
      {"minimum", minimum}, {"maximum", maximum}, {"what", std::string("labels")}, {"hint", hint}};
}

Attributes shape(Shape expected, const std::string& hint = "") {
  return {{"shape", std::move(expected)}, {"what", std::string("logits")}, {"hint", hint}};
}

TEST(CheckRange, PassesValuesWithinTheBounds) {
  EXPECT_EQ(values_of<float>(apply("check_range", {floats({3}, {0, 0.5f, 1})}, range(0, 1))),
            (std::vector<float>{0, 0.5f, 1}));
  EXPECT_EQ(apply("check_range", {ints({0, 2}, {})}, range(0, 1)).shape(), (Shape{0, 2}));
}

TEST(CheckRange, NamesValueRowAndRange) {
  EXPECT_EQ(error_of("check_range", {ints({2, 2}, {0, 2, 3, 1})}, range(0, 2)),
            "labels: expected values in 0..2; got 3 in row 1 of the batch");
  EXPECT_EQ(error_of("check_range", {floats({1}, {-0.5f})}, range(0, 1, "scale them")),
            "labels: expected values in 0..1; got -0.5 in row 0 of the batch; scale them");
  EXPECT_EQ(error_of("check_range", {floats({}, {std::numeric_limits<float>::quiet_NaN()})},
                     range(0, 1'000'000)),
            "labels: expected values in 0..1000000; got nan in row 0 of the batch");
}

TEST(CheckRange, TellsProgramsTheRowAndTheValue) {
  try {
    apply("check_range", {ints({3}, {0, 0, 7})}, range(0, 2));
    FAIL() << "expected an error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kInvalidArgument);
    EXPECT_EQ(error.details().at("row"), "2");
    EXPECT_EQ(error.details().at("found"), "7");
  }
}

TEST(CheckRange, WantsNumbers) {
  EXPECT_EQ(error_of("check_range", {tensor<bool>(DType::kBool, {1}, {true})}, range(0, 1)),
            "node \"check_range\": input 0: expected float32, float64, int32 or int64; got bool; "
            "cast it first");
}

TEST(CheckShape, PassesWhatFits) {
  const Tensor x = floats({2, 3}, {1, 2, 3, 4, 5, 6});
  for (const bool unknown : {false, true}) {
    const Tensor y = apply("check_shape", {x}, shape({-1, 3}), unknown);
    EXPECT_EQ(y.shape(), (Shape{2, 3}));
    EXPECT_EQ(values_of<float>(y), values_of<float>(x));
  }
}

TEST(CheckShape, TeachesTheGraphASize) {
  Graph graph;
  const NodeId x = placeholder(graph, floats({2, 3}, {1, 2, 3, 4, 5, 6}), true);
  EXPECT_EQ(graph.node(graph.add("check_shape", {x}, shape({-1, 3}))).type.shape, (Shape{-1, 3}));
}

TEST(CheckShape, NamesBothShapes) {
  const Tensor x = floats({2, 3}, {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(error_of("check_shape", {x}, shape({-1, 4})),
            "logits: expected shape [?, 4]; got [2, 3]");
  EXPECT_EQ(error_of("check_shape", {x}, shape({2}, "flatten them")),
            "logits: expected shape [2]; got [2, 3]; flatten them");
}

TEST(Checks, PassTheGradient) {
  check_gradients("check_range", {doubles({2}, {0.25, 0.75})}, range(0, 1));
  check_gradients("check_shape", {doubles({2}, {0.25, 0.75})}, shape({-1}));
}

}  // namespace
}  // namespace holdfast::testing
