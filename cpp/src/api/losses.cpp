#include "holdfast/losses.h"

#include "holdfast/error.h"
#include "holdfast/tensor.h"

namespace holdfast {
namespace {

NodeId reduced(Graph& graph, NodeId losses, Reduction reduction) {
  const char* op = reduction == Reduction::kSum ? "reduce_sum" : "reduce_mean";
  return graph.add(op, {losses}, {}, "loss");
}

// A difference of [batch] and [batch, 1] is [batch, batch] by the rules of broadcasting: a network
// that learns the mean of all labels, and says nothing.
void expect_one_shape(const Graph& graph, NodeId labels, NodeId predictions) {
  const TensorType& a = graph.node(labels).type;
  const TensorType& b = graph.node(predictions).type;
  bool fits = a.dtype == DType::kFloat32 && b.dtype == DType::kFloat32;
  fits = fits && a.shape.size() == b.shape.size();
  for (std::size_t i = 0; fits && i < a.shape.size(); ++i)
    fits = a.shape[i] == b.shape[i] || a.shape[i] < 0 || b.shape[i] < 0;
  if (fits) return;
  throw Error(Code::kInvalidArgument,
              "mean_squared_error: expected float32 labels and predictions of one shape; got " +
                  std::string(dtype_name(a.dtype)) + " " + shape_text(a.shape) + " and " +
                  dtype_name(b.dtype) + " " + shape_text(b.shape) +
                  "; reshape or cast one of them");
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
  expect_one_shape(graph, labels, predictions);
  const NodeId error = graph.add("sub", {predictions, labels});
  return reduced(graph, graph.add("square", {error}), reduction);
}

}  // namespace holdfast
