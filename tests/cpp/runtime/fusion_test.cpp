#include "runtime/fusion.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

Node node(const std::string& op, std::vector<NodeId> inputs = {}) {
  Node made;
  made.name = op;
  made.op = op;
  made.inputs = std::move(inputs);
  return made;
}

std::vector<Node> fused(std::vector<Node> nodes, std::vector<bool> wanted = {}) {
  wanted.resize(nodes.size(), false);
  fuse(nodes, wanted);
  return nodes;
}

// 0 x, 1 kernel, 2 dense, 3 relu
std::vector<Node> layer() {
  return {node("placeholder"), node("variable"), node("dense", {0, 1}), node("relu", {2})};
}

TEST(Fusion, ActivationJoinsItsDenseLayer) {
  const std::vector<Node> nodes = fused(layer());
  EXPECT_EQ(nodes[3].op, "dense");
  EXPECT_EQ(nodes[3].inputs, (std::vector<NodeId>{0, 1}));
  EXPECT_EQ(std::get<std::string>(nodes[3].attributes.at("activation")), "relu");
}

TEST(Fusion, NotWhereSomebodyLooksAtTheValueInBetween) {
  EXPECT_EQ(fused(layer(), {false, false, true})[3].op, "relu");
  std::vector<Node> nodes = layer();
  nodes.push_back(node("tanh", {2}));
  EXPECT_EQ(fused(nodes)[3].op, "relu");
  EXPECT_EQ(fused(nodes)[4].op, "tanh");
}

TEST(Fusion, ActivationGradientJoinsTheProductThatFeedsIt) {
  // 0 dy, 1 kernel, 2 y, 3 product, 4 activation_grad(y, product)
  const std::vector<Node> nodes =
      fused({node("placeholder"), node("variable"), node("placeholder"),
             node("dense_grad_input", {0, 1}), node("activation_grad", {2, 3})});
  EXPECT_EQ(nodes[4].op, "dense_grad_input");
  EXPECT_EQ(nodes[4].inputs, (std::vector<NodeId>{0, 1, 2}));
}

TEST(Fusion, ALossLeavesItsGradientBehind) {
  // 0 logits, 1 labels, 2 loss, 3 dloss, 4 gradient
  const auto built = [](const char* logits) {
    return fused({node(logits), node("placeholder"), node("sparse_softmax_cross_entropy", {0, 1}),
                  node("placeholder"), node("sparse_softmax_cross_entropy_grad", {0, 1, 3})});
  };
  const std::vector<Node> nodes = built("placeholder");
  EXPECT_EQ(nodes[2].op, "sparse_softmax_cross_entropy_with_gradients");
  EXPECT_EQ(nodes[4].op, "scaled_gradients");
  EXPECT_EQ(nodes[4].inputs, (std::vector<NodeId>{2, 0, 3}));
  EXPECT_EQ(built("variable")[4].op, "sparse_softmax_cross_entropy_grad");
}

TEST(Fusion, UpdateJoinsTheGradientThatNothingElseNeeds) {
  // 0 x, 1 dy, 2 w, 3 a, 4 rate, 5 product, 6 update
  const std::vector<Node> base = {node("placeholder"),
                                  node("placeholder"),
                                  node("variable"),
                                  node("variable"),
                                  node("constant"),
                                  node("dense_grad_kernel", {0, 1}),
                                  node("apply_adagrad", {2, 3, 4, 5})};
  const std::vector<Node> nodes = fused(base);
  EXPECT_EQ(nodes[6].op, "dense_grad_kernel_adagrad");
  EXPECT_EQ(nodes[6].inputs, (std::vector<NodeId>{2, 3, 0, 1, 4}));

  std::vector<Node> with_norm = base;
  with_norm.push_back(node("square", {5}));  // clipping or a summary reads the gradient
  EXPECT_EQ(fused(with_norm)[6].op, "apply_adagrad");
}

TEST(Fusion, UpdateStaysBehindAVariableOperand) {
  // The product's x is a variable under another shape: another update could change it first.
  const std::vector<Node> nodes =
      fused({node("variable"), node("identity", {0}), node("placeholder"), node("variable"),
             node("constant"), node("dense_grad_kernel", {1, 2}),
             node("apply_gradient_descent", {3, 4, 5})});
  EXPECT_EQ(nodes[6].op, "apply_gradient_descent");
}

}  // namespace
}  // namespace holdfast
