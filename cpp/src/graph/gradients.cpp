// Reverse-mode differentiation, once, when the graph is built: walks the list backwards and appends
// the gradient's own nodes.
#include <vector>

#include "graph/op.h"

namespace holdfast {
namespace {

// reached[id]: node id depends on a node of `wrt` along edges that may carry a gradient.
std::vector<bool> depends_on(const Graph& graph, NodeId last, const std::vector<NodeId>& wrt) {
  std::vector<bool> reached(static_cast<std::size_t>(last) + 1, false);
  for (const NodeId id : wrt) {
    if (id <= last) reached[static_cast<std::size_t>(id)] = true;
  }
  for (NodeId id = 0; id <= last; ++id) {
    for (const NodeId input : graph.node(id).inputs) {
      if (reached[static_cast<std::size_t>(input)]) reached[static_cast<std::size_t>(id)] = true;
    }
  }
  return reached;
}

NodeId ones(Graph& graph, NodeId like) {
  const TensorType type = graph.node(like).type;
  for (const std::int64_t size : type.shape) {
    if (size < 0) return graph.add("ones_like", {like}, {}, "gradients/ones");
  }
  return graph.add("constant", {},
                   {{"dtype", std::string(dtype_name(type.dtype))},
                    {"shape", type.shape},
                    {"values", std::vector<double>{1.0}}},
                   "gradients/ones");
}

}  // namespace

std::vector<NodeId> Graph::gradients(NodeId y, const std::vector<NodeId>& wrt) {
  if (!is_floating(node(y).type.dtype)) {
    throw Error(Code::kInvalidArgument, "gradients of \"" + node(y).name +
                                            "\": expected a float tensor; got " +
                                            dtype_name(node(y).type.dtype));
  }
  for (const NodeId id : wrt) node(id);  // throws for an id that is not in the graph
  const std::vector<bool> reached = depends_on(*this, y, wrt);
  std::vector<NodeId> grads(static_cast<std::size_t>(y) + 1, kNoNode);
  if (reached[static_cast<std::size_t>(y)]) grads[static_cast<std::size_t>(y)] = ones(*this, y);

  for (NodeId id = y; id >= 0; --id) {
    const NodeId output_grad = grads[static_cast<std::size_t>(id)];
    const OpDef& def = find_op(node(id).op);
    if (output_grad == kNoNode || def.gradient == nullptr) continue;
    const std::vector<NodeId> inputs = node(id).inputs;
    const std::vector<NodeId> contributions = def.gradient({*this, id, output_grad});
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const auto input = static_cast<std::size_t>(inputs[i]);
      if (!reached[input] || contributions[i] == kNoNode) continue;
      grads[input] = grads[input] == kNoNode
                         ? contributions[i]
                         : add("add", {grads[input], contributions[i]}, {}, "gradients/add");
    }
  }

  std::vector<NodeId> result;
  result.reserve(wrt.size());
  for (const NodeId id : wrt) {
    result.push_back(id <= y ? grads[static_cast<std::size_t>(id)] : kNoNode);
  }
  return result;
}

}  // namespace holdfast
