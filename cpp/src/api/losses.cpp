#include "holdfast/losses.h"

#include "holdfast/tensor.h"

namespace holdfast {
namespace {

NodeId reduced(Graph& graph, NodeId losses, Reduction reduction) {
  const char* op = reduction == Reduction::kSum ? "reduce_sum" : "reduce_mean";
  return graph.add(op, {losses}, {}, "loss");
}

}  // namespace

NodeId sparse_softmax_cross_entropy(Graph& graph, NodeId labels, NodeId logits,
                                    Reduction reduction) {
  NodeId ids = labels;
  if (graph.node(ids).type.dtype == DType::kInt32) {
    ids = graph.add("cast", {ids}, {{"dtype", std::string("int64")}});
  }
  if (graph.node(ids).type.shape.size() == 2) {
    ids = graph.add("squeeze", {ids}, {{"axes", Shape{1}}});
  }
  const NodeId losses = graph.add("sparse_softmax_cross_entropy", {logits, ids});
  return reduced(graph, losses, reduction);
}

NodeId sigmoid_cross_entropy(Graph& graph, NodeId labels, NodeId logits, Reduction reduction) {
  return reduced(graph, graph.add("sigmoid_cross_entropy", {logits, labels}), reduction);
}

NodeId mean_squared_error(Graph& graph, NodeId labels, NodeId predictions, Reduction reduction) {
  const NodeId error = graph.add("sub", {predictions, labels});
  return reduced(graph, graph.add("square", {error}), reduction);
}

}  // namespace holdfast
