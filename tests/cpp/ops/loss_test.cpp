#include <gtest/gtest.h>

#include <cmath>

#include "ops/evaluate.h"

namespace holdfast::testing {
namespace {

const Tensor& logits() {
  static const Tensor x = floats({2, 2}, {0, 0, 1, 1});
  return x;
}

TEST(CrossEntropy, OfEvenLogitsIsLog2) {
  const Tensor labels = ints({2}, {0, 1});
  const Tensor targets = floats({2, 2}, {1, 0, 0.5f, 0.5f});
  for (const float loss :
       values_of<float>(apply("sparse_softmax_cross_entropy", {logits(), labels}))) {
    EXPECT_NEAR(loss, std::log(2.0), 2e-7);
  }
  for (const float loss : values_of<float>(apply("softmax_cross_entropy", {logits(), targets}))) {
    EXPECT_NEAR(loss, std::log(2.0), 2e-7);
  }
  // log(1 + exp(-0)) whatever the target; at 1: log(1 + e) - 1 * target
  const std::vector<float> sigmoid =
      values_of<float>(apply("sigmoid_cross_entropy", {logits(), targets}));
  EXPECT_NEAR(sigmoid[0], std::log(2.0), 2e-7);
  EXPECT_NEAR(sigmoid[1], std::log(2.0), 2e-7);
  EXPECT_NEAR(sigmoid[2], std::log(1 + std::exp(1.0)) - 0.5, 3e-7);
}

TEST(CrossEntropy, RefusesLabelsOutsideTheClassesInBothPasses) {
  const Tensor labels = ints({2}, {0, 2});
  EXPECT_EQ(error_of("sparse_softmax_cross_entropy", {logits(), labels}),
            "labels of \"sparse_softmax_cross_entropy\": expected class ids in 0..1; got 2 in row "
            "1 of the batch; correct the label or the number of classes");
  EXPECT_EQ(error_of("sparse_softmax_cross_entropy_grad", {logits(), labels, floats({2}, {1, 1})}),
            "labels of \"sparse_softmax_cross_entropy_grad\": expected class ids in 0..1; got 2 in "
            "row 1 of the batch; correct the label or the number of classes");
}

TEST(CrossEntropy, RefusesShapesThatDoNotBelongTogether) {
  EXPECT_EQ(error_of("sparse_softmax_cross_entropy", {logits(), ints({3}, {0, 0, 0})}),
            "node \"sparse_softmax_cross_entropy\": labels: expected one for each row of logits "
            "[2, 2]; got [3]");
  EXPECT_EQ(error_of("sparse_softmax_cross_entropy", {logits(), floats({2}, {0, 0})}),
            "node \"sparse_softmax_cross_entropy\": labels: expected int64 of rank 1; got float32 "
            "[2]");
  EXPECT_EQ(error_of("softmax_cross_entropy", {floats({2}, {0, 0}), floats({2}, {0, 0})}),
            "node \"softmax_cross_entropy\": logits: expected float32 of rank 2; got float32 [2]");
  EXPECT_EQ(error_of("sigmoid_cross_entropy", {logits(), floats({2}, {0, 0})}),
            "node \"sigmoid_cross_entropy\": expected float32 logits and targets of one shape; got "
            "float32 [2, 2] and float32 [2]");
  EXPECT_EQ(error_of("sigmoid_cross_entropy_grad", {logits(), logits(), floats({2}, {0, 0})}),
            "node \"sigmoid_cross_entropy_grad\": gradient of the loss: expected shape [2, 2]; got "
            "[2]");
}

}  // namespace
}  // namespace holdfast::testing
