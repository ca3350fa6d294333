#include "runtime/fusion.h"

#include "graph/op.h"
#include "ops/activation_names.h"

namespace holdfast {
namespace {

class Fusion {
 public:
  Fusion(std::vector<Node>& nodes, const std::vector<bool>& wanted)
      : nodes_(nodes), wanted_(wanted), users_(nodes.size(), 0) {
    for (const Node& node : nodes_) {
      for (const NodeId input : node.inputs) ++users_[static_cast<std::size_t>(input)];
    }
  }

  void run() {
    for (Node& node : nodes_) {
      if (find_activation(node.op) != nullptr) {
        fuse_forward(node);
      } else if (node.op == "activation_grad") {
        fuse_input_gradient(node);
      } else if (node.op == "apply_adagrad" || node.op == "apply_gradient_descent") {
        fuse_update(node);
      } else if (node.op == "sparse_softmax_cross_entropy_grad") {
        fuse_loss(node);
      }
    }
  }

 private:
  // The node behind `input` if it is an `op` that nobody else looks at.
  const Node* only_user_of(NodeId input, const char* op) const {
    const auto i = static_cast<std::size_t>(input);
    const bool alone = users_[i] == 1 && !wanted_[i];
    return alone && nodes_[i].op == op ? &nodes_[i] : nullptr;
  }

  void fuse_forward(Node& node) {
    const Node* dense = only_user_of(node.inputs[0], "dense");
    if (dense == nullptr || dense->attributes.count("activation") > 0) return;
    node.attributes["activation"] = node.op;
    node.op = "dense";
    replace_inputs(node, dense->inputs);
  }

  void fuse_input_gradient(Node& node) {
    const NodeId y = node.inputs[0];
    const Node* product = only_user_of(node.inputs[1], "dense_grad_input");
    if (product == nullptr || product->inputs.size() != 2) return;
    node.op = "dense_grad_input";
    replace_inputs(node, {product->inputs[0], product->inputs[1], y});
  }

  void fuse_update(Node& node) {
    const Node* product = only_user_of(node.inputs.back(), "dense_grad_kernel");
    if (product == nullptr) return;
    // The update moves the product behind other nodes: its operands must not change in between.
    for (const NodeId operand : product->inputs) {
      if (is_variable(operand)) return;
    }
    const NodeId x = product->inputs[0];
    const NodeId dy = product->inputs[1];
    const std::vector<NodeId> in = node.inputs;
    if (node.op == "apply_adagrad") {
      node.op = "dense_grad_kernel_adagrad";
      replace_inputs(node, {in[0], in[1], x, dy, in[2]});
    } else {
      node.op = "dense_grad_kernel_gradient_descent";
      replace_inputs(node, {in[0], x, dy, in[1]});
    }
  }

  // The loss and its gradient need the same exponentials. Operands that are variables may change
  // between the two.
  void fuse_loss(Node& gradient) {
    if (is_variable(gradient.inputs[0]) || is_variable(gradient.inputs[1])) return;
    for (auto i = static_cast<NodeId>(&gradient - nodes_.data()) - 1; i >= 0; --i) {
      Node& loss = nodes_[static_cast<std::size_t>(i)];
      const bool same = loss.op == "sparse_softmax_cross_entropy" &&
                        loss.inputs[0] == gradient.inputs[0] &&
                        loss.inputs[1] == gradient.inputs[1];
      if (!same) continue;
      loss.op = "sparse_softmax_cross_entropy_with_gradients";
      gradient.op = "scaled_gradients";
      replace_inputs(gradient, {i, gradient.inputs[0], gradient.inputs[2]});
      return;
    }
  }

  // A variable, or one under another shape.
  bool is_variable(NodeId i) const {
    const Node& node = nodes_[static_cast<std::size_t>(i)];
    const OpDef& op = find_op(node.op);
    if (op.is_view || op.writes_variable) return is_variable(node.inputs[0]);
    return node.op == "variable";
  }

  void replace_inputs(Node& node, std::vector<NodeId> inputs) {
    for (const NodeId input : node.inputs) --users_[static_cast<std::size_t>(input)];
    node.inputs = std::move(inputs);
    for (const NodeId input : node.inputs) ++users_[static_cast<std::size_t>(input)];
  }

  std::vector<Node>& nodes_;
  const std::vector<bool>& wanted_;
  std::vector<int> users_;
};

}  // namespace

void fuse(std::vector<Node>& nodes, const std::vector<bool>& wanted) {
  Fusion(nodes, wanted).run();
}

}  // namespace holdfast
