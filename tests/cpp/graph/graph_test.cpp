#include "holdfast/graph.h"

#include <gtest/gtest.h>

#include "holdfast/error.h"
#include "testing.h"

namespace holdfast {
namespace {

NodeId placeholder(Graph& graph, const Shape& shape, const std::string& name) {
  return graph.add("placeholder", {}, {{"dtype", std::string("float32")}, {"shape", shape}}, name);
}
NodeId variable(Graph& graph, const Shape& shape, const std::string& name) {
  return graph.add("variable", {}, {{"dtype", std::string("float32")}, {"shape", shape}}, name);
}

TEST(Graph, InfersShapesWithAnUnknownBatch) {
  Graph graph;
  const NodeId x = placeholder(graph, {-1, 4}, "x");
  const NodeId y = graph.add("dense", {x, variable(graph, {4, 10}, "kernel")});
  EXPECT_EQ(graph.node(y).type.shape, (Shape{-1, 10}));
}

TEST(Graph, NamesAreUnique) {
  Graph graph;
  placeholder(graph, {}, "x");
  EXPECT_EQ(graph.node(placeholder(graph, {}, "x")).name, "x_1");
  EXPECT_EQ(graph.node(placeholder(graph, {}, "x")).name, "x_2");
  EXPECT_EQ(graph.find("x_1"), 1);
  EXPECT_EQ(graph.find("y"), kNoNode);
}

TEST(Graph, UnknownOpNamesItsNeighbours) {
  Graph graph;
  EXPECT_ERROR(graph.add("placeholdr", {}), Code::kInvalidArgument,
               "got \"placeholdr\"; near names: placeholder");
}

TEST(Graph, WrongShapesNameTheNodeAndBothSizes) {
  Graph graph;
  const NodeId x = placeholder(graph, {-1, 4}, "x");
  const NodeId kernel = variable(graph, {5, 10}, "kernel");
  EXPECT_ERROR(graph.add("dense", {x, kernel}, {}, "logits"), Code::kInvalidArgument,
               "node \"logits\": columns of x (rows of the kernel): expected 5; got 4");
}

TEST(Graph, WrongNumberOfInputs) {
  Graph graph;
  EXPECT_ERROR(graph.add("relu", {}), Code::kInvalidArgument, "expected 1 inputs; got 0");
}

// One that is written "axis" and read as "axes" would change results in silence.
TEST(Graph, UnknownAttributesAreRefused) {
  Graph graph;
  const NodeId x = placeholder(graph, {-1, 4}, "x");
  EXPECT_ERROR(graph.add("reduce_sum", {x}, {{"axis", std::int64_t{1}}}, "sum"),
               Code::kInvalidArgument,
               "node \"sum\" (reduce_sum): expected the attributes axes, keep_dims; got \"axis\"");
  EXPECT_ERROR(graph.add("slice", {x}, {{"begin, end", Shape{0, 0}}}, "part"),
               Code::kInvalidArgument, "got \"begin, end\"");
  EXPECT_ERROR(graph.add("relu", {x}, {{"", 0.2}}), Code::kInvalidArgument, "got \"\"");
  EXPECT_ERROR(graph.add("relu", {x}, {{"alpha", 0.2}}), Code::kInvalidArgument,
               "node \"relu\" (relu): expected no attributes; got \"alpha\"");
}

TEST(Graph, JsonFormGivesTheSameGraph) {
  Graph graph;
  const NodeId x = placeholder(graph, {-1, 2}, "x");
  const NodeId y = graph.add("dense", {x, variable(graph, {2, 3}, "kernel")});
  graph.add("leaky_relu", {y}, {{"alpha", 0.25}});
  const std::string text = graph.to_json();
  EXPECT_EQ(Graph::from_json(text).to_json(), text);
}

TEST(Graph, JsonFormWithAWrongShapeIsRefused) {
  Graph graph;
  graph.add("relu", {placeholder(graph, {-1, 2}, "x")});
  std::string text = graph.to_json();
  text.replace(text.rfind("[-1,2]"), 6, "[-1,3]");
  EXPECT_ERROR(Graph::from_json(text), Code::kInvalidArgument,
               "node \"relu\": expected float32 [?, 2], which its inputs give; got float32 [?, 3]");
}

TEST(Graph, JsonFormCannotReferForward) {
  EXPECT_ERROR(Graph::from_json(R"({"nodes":[{"name":"a","op":"relu","inputs":[0],)"
                                R"("attributes":{},"dtype":"float32","shape":[]}]})"),
               Code::kInvalidArgument, "expected inputs among the 0 nodes before it; got 0");
}

TEST(Gradients, SkipWhatDoesNotDependOnTheTarget) {
  Graph graph;
  const NodeId x = placeholder(graph, {-1, 2}, "x");
  const NodeId w = variable(graph, {2, 1}, "w");
  const NodeId other = variable(graph, {2, 1}, "other");
  const NodeId y = graph.add("dense", {x, w});
  const std::vector<NodeId> grads = graph.gradients(y, {w, other});
  EXPECT_EQ(graph.node(grads[0]).op, "dense_grad_kernel");
  EXPECT_EQ(grads[1], kNoNode);
}

TEST(Gradients, OfAnIntegerAreRefused) {
  Graph graph;
  const NodeId ids =
      graph.add("placeholder", {}, {{"dtype", std::string("int64")}, {"shape", Shape{}}}, "ids");
  EXPECT_ERROR(graph.gradients(ids, {ids}), Code::kInvalidArgument,
               "gradients of \"ids\": expected a float tensor; got int64");
}

}  // namespace
}  // namespace holdfast
