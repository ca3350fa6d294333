// Gradients of the operations that compute in float32 alone, against differences.
#include <gtest/gtest.h>

#include "ops/gradient_check.h"

namespace holdfast::testing {
namespace {

const Tensor& rows() {  // away from the corners of every activation: 0 and 6
  static const Tensor x = floats({2, 3}, {0.5f, -0.75f, 1.25f, -1.5f, 0.25f, 2.0f});
  return x;
}

TEST(LayerGradients, DenseWithAndWithoutBias) {
  const Tensor kernel = floats({3, 2}, {0.5f, -0.25f, 1.0f, 0.75f, -0.5f, 0.125f});
  const Tensor bias = floats({2}, {0.1f, -0.2f});
  check_gradients("dense", {rows(), kernel});
  check_gradients("dense", {rows(), kernel, bias});
  for (const char* activation : {"relu", "leaky_relu", "tanh"}) {
    check_gradients("dense", {rows(), kernel, bias}, {{"activation", std::string(activation)}});
  }
}

TEST(LayerGradients, MatmulInItsFourForms) {
  const Tensor a = rows();  // [2, 3]
  const Tensor a_turned = floats({3, 2}, {0.5f, -1.5f, -0.75f, 0.25f, 1.25f, 2.0f});
  const Tensor b = floats({3, 2}, {0.5f, -0.25f, 1.0f, 0.75f, -0.5f, 0.125f});
  const Tensor b_turned = floats({2, 3}, {0.5f, 1.0f, -0.5f, -0.25f, 0.75f, 0.125f});
  const std::vector<float> product = values_of<float>(apply("matmul", {a, b}));
  // 0.5*0.5 - 0.75*1 - 1.25*0.5 = -1.125, and so on
  EXPECT_EQ(product, (std::vector<float>{-1.125f, -0.53125f, -1.5f, 0.8125f}));
  for (const bool turn_a : {false, true}) {
    for (const bool turn_b : {false, true}) {
      const std::vector<Tensor> inputs = {turn_a ? a_turned : a, turn_b ? b_turned : b};
      const Attributes attributes = {{"transpose_a", turn_a}, {"transpose_b", turn_b}};
      EXPECT_EQ(values_of<float>(apply("matmul", inputs, attributes)), product);
      check_gradients("matmul", inputs, attributes);
    }
  }
}

TEST(LayerGradients, EveryActivation) {
  for (const char* op :
       {"relu", "relu6", "leaky_relu", "elu", "selu", "tanh", "sigmoid", "softplus", "softsign"}) {
    check_gradients(op, {rows()});
  }
  check_gradients("leaky_relu", {rows()}, {{"alpha", 0.5}});
  check_gradients("relu6", {floats({2}, {5.5f, 6.5f})});  // beyond 6 nothing passes
}

TEST(LayerGradients, Losses) {
  check_gradients("sparse_softmax_cross_entropy", {rows(), ints({2}, {2, 0})});
  check_gradients("softmax_cross_entropy", {rows(), floats({2, 3}, {0.5f, 0.25f, 0.25f, 0, 1, 0})});
  check_gradients("sigmoid_cross_entropy", {rows(), floats({2, 3}, {0, 1, 0.5f, 1, 0, 0.25f})});
}

TEST(LayerGradients, SoftmaxAndItsLogarithm) {
  for (const char* op : {"softmax", "log_softmax"}) {
    check_gradients(op, {rows()});
    check_gradients(op, {floats({2, 1, 2}, {0.5f, -0.5f, 1.5f, 0.25f})});
  }
}

TEST(LayerGradients, DropoutPassesWhatItKept) {
  check_gradients("dropout", {rows()}, {{"rate", 0.5}, {"stream", std::string("layer")}});
}

TEST(LayerGradients, Gather) {
  const Tensor params = floats({3, 2}, {0.5f, 1, 1.5f, 2, 2.5f, 3});
  check_gradients("gather", {params, ints({4}, {2, 0, 2, 2})});  // row 2 counts three times
  check_gradients("gather", {doubles({3}, {1, 2, 3}), ints({2, 2}, {0, 0, 1, 2})});
}

}  // namespace
}  // namespace holdfast::testing
