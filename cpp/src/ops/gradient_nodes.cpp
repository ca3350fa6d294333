#include "ops/gradient_nodes.h"

#include <string>

#include "ops/broadcast.h"

namespace holdfast {
namespace {

// The other inputs cannot have widened input i: it has every axis, and where its size may be 1
// they all have 1. Known when the graph is built, whatever the batch size.
bool surely_same_shape(const Graph& graph, const Node& node, std::size_t i) {
  const Shape& shape = graph.node(node.inputs[i]).type.shape;
  for (const NodeId id : node.inputs) {
    if (id == node.inputs[i]) continue;
    const Shape& other = graph.node(id).type.shape;
    if (other.size() > shape.size()) return false;
    const Shape aligned(shape.end() - static_cast<std::ptrdiff_t>(other.size()), shape.end());
    if (may_repeat(aligned, other)) return false;
  }
  return true;
}

}  // namespace

NodeId scalar_like(const GradientContext& context, NodeId like, double value) {
  const DType dtype = context.graph.node(like).type.dtype;
  return context.add("constant", {},
                     {{"dtype", std::string(dtype_name(dtype))},
                      {"shape", Shape{}},
                      {"values", std::vector<double>{value}}});
}

NodeId sum_to_input(const GradientContext& context, std::size_t i, NodeId grad) {
  if (surely_same_shape(context.graph, context.forward(), i)) return grad;
  return context.add("sum_like", {grad, context.input(i)});
}

NodeId where_or_zero(const GradientContext& context, NodeId cond, NodeId grad) {
  return context.add("where", {cond, grad, scalar_like(context, grad, 0.0)});
}

}  // namespace holdfast
