#include <gtest/gtest.h>

#include "ops/evaluate.h"

namespace holdfast::testing {
namespace {

using F = std::vector<float>;

Attributes one_hot(std::int64_t depth, std::int64_t axis = -1) {
  return {{"depth", depth}, {"axis", axis}};
}

TEST(Gather, TakesRowsByNumber) {
  const Tensor params = floats({3, 2}, {1, 2, 3, 4, 5, 6});
  const Tensor rows = apply("gather", {params, ints({2, 2}, {2, 0, 1, 2})});
  EXPECT_EQ(rows.shape(), (Shape{2, 2, 2}));
  EXPECT_EQ(values_of<float>(rows), (F{5, 6, 1, 2, 3, 4, 5, 6}));
  const Tensor id = tensor<std::int32_t>(DType::kInt32, {}, {1});
  EXPECT_EQ(values_of<float>(apply("gather", {params, id})), (F{3, 4}));
  const Tensor words = tensor<std::string>(DType::kString, {2}, {"no", "yes"});
  EXPECT_EQ(values_of<std::string>(apply("gather", {words, ints({1}, {1})})),
            (std::vector<std::string>{"yes"}));
}

TEST(Gather, GradientSumsRowsThatWereTakenTwice) {
  const Tensor dy = floats({3, 2}, {1, 2, 10, 20, 100, 200});
  const Tensor params = floats({3, 2}, {0, 0, 0, 0, 0, 0});
  EXPECT_EQ(values_of<float>(apply("gather_grad", {dy, ints({3}, {2, 0, 2}), params})),
            (F{10, 20, 0, 0, 101, 202}));
}

TEST(Gather, RefusesRowsThatAreNotThereInBothPasses) {
  const Tensor params = floats({3, 1}, {1, 2, 3});
  const Tensor ids = ints({2}, {0, 3});
  EXPECT_EQ(error_of("gather", {params, ids}),
            "node \"gather\": expected row numbers in 0..2; got 3 at place 1");
  EXPECT_EQ(error_of("gather_grad", {floats({2, 1}, {1, 1}), ids, params}),
            "node \"gather_grad\": expected row numbers in 0..2; got 3 at place 1");
  EXPECT_EQ(error_of("gather", {params, ints({1}, {-1})}),
            "node \"gather\": expected row numbers in 0..2; got -1 at place 0");
}

TEST(Gather, RefusesScalarsOtherIdsAndOtherGradients) {
  EXPECT_EQ(error_of("gather", {floats({}, {1}), ints({1}, {0})}),
            "node \"gather\": params: expected rank 1 or more; got a scalar");
  EXPECT_EQ(error_of("gather", {floats({1}, {1}), floats({1}, {0})}),
            "node \"gather\": input 1: expected int32 or int64; got float32; cast it first");
  EXPECT_EQ(
      error_of("gather_grad", {floats({1, 2}, {1, 1}), ints({2}, {0, 0}), floats({1, 2}, {1, 1})}),
      "node \"gather_grad\": dy: expected shape [2, 2]; got [1, 2]");
}

TEST(OneHot, IsOneAtTheIdAndAllOffOutsideTheDepth) {
  EXPECT_EQ(values_of<float>(apply("one_hot", {ints({4}, {1, 0, 2, -1})}, one_hot(2))),
            (F{0, 1, 1, 0, 0, 0, 0, 0}));
  const Tensor first = apply("one_hot", {ints({3}, {1, 0, 1})}, one_hot(2, 0));
  EXPECT_EQ(first.shape(), (Shape{2, 3}));
  EXPECT_EQ(values_of<float>(first), (F{0, 1, 0, 1, 0, 1}));
  Attributes signs = one_hot(2);
  signs["on_value"] = std::int64_t{5};
  signs["off_value"] = std::int64_t{-1};
  signs["dtype"] = std::string("int64");
  EXPECT_EQ(values_of<std::int64_t>(apply("one_hot", {ints({1}, {1})}, signs)),
            (std::vector<std::int64_t>{-1, 5}));
  EXPECT_EQ(apply("one_hot", {ints({2}, {0, 0})}, one_hot(0)).shape(), (Shape{2, 0}));
}

TEST(OneHot, RefusesOtherDepthsDtypesAndAxes) {
  const Tensor ids = ints({1}, {0});
  EXPECT_EQ(error_of("one_hot", {ids}, one_hot(-1)),
            "node \"one_hot\": depth: expected at least 0; got -1");
  EXPECT_EQ(error_of("one_hot", {ids}, one_hot(2, 2)),
            "node \"one_hot\": expected an axis in -2..1 for rank 2; got 2");
  EXPECT_EQ(
      error_of("one_hot", {ids}, {{"depth", std::int64_t{2}}, {"dtype", std::string("string")}}),
      "node \"one_hot\": dtype: expected float32, float64, int32 or int64; got string");
  EXPECT_EQ(error_of("one_hot", {floats({1}, {0})}, one_hot(2)),
            "node \"one_hot\": input 0: expected int32 or int64; got float32; cast it first");
}

}  // namespace
}  // namespace holdfast::testing
