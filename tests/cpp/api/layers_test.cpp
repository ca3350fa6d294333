// Layers, losses and optimizers: which nodes they make, under which names, and what one step of
// them computes.
#include "holdfast/layers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <variant>

#include "holdfast/losses.h"
#include "holdfast/optimizers.h"
#include "holdfast/trainer.h"
#include "runtime/array_input.h"
#include "testing.h"

namespace holdfast {
namespace {

Tensor ids(const std::vector<std::int64_t>& values) {
  Tensor tensor(DType::kInt64, {static_cast<std::int64_t>(values.size())});
  std::copy(values.begin(), values.end(), tensor.data<std::int64_t>());
  return tensor;
}

std::set<std::string> names(const Trainer& trainer) {
  const auto list = trainer.variable_names();
  return {list.begin(), list.end()};
}

std::string text(const Node& node, const std::string& attribute) {
  return std::get<std::string>(node.attributes.at(attribute));
}

// The only fetched value of one step over one batch.
std::vector<float> value(const Graph& graph, NodeId wanted, const std::vector<NodeId>& fed,
                         std::vector<Tensor> batch) {
  Trainer trainer(graph, {1, 1});
  trainer.set_input(
      std::make_shared<ArrayInput>(std::vector<std::vector<Tensor>>{std::move(batch)}), fed);
  const Tensor result = trainer.run(1, {}, {wanted}).fetched.at(0);
  return {result.data<float>(), result.data<float>() + result.size()};
}

TEST(Layers, VariablesHaveTheNamesOfTheDnnClassifier) {
  Graph graph;
  const NodeId x = placeholder(graph, "x", DType::kFloat32, {-1, 4});
  const NodeId labels = placeholder(graph, "labels", DType::kInt64, {-1});
  const NodeId hidden = dense(graph, x, 10, "dnn/hiddenlayer_0", {"relu"});
  const NodeId logits = dense(graph, hidden, 3, "dnn/logits");
  minimize(graph, sparse_softmax_cross_entropy(graph, labels, logits),
           AdagradOptimizer{0.05, 0.1, "t_0"});
  const Trainer trainer(graph);
  EXPECT_EQ(names(trainer),
            (std::set<std::string>{
                "dnn/hiddenlayer_0/kernel", "dnn/hiddenlayer_0/bias", "dnn/logits/kernel",
                "dnn/logits/bias", "dnn/hiddenlayer_0/kernel/t_0/Adagrad",
                "dnn/hiddenlayer_0/bias/t_0/Adagrad", "dnn/logits/kernel/t_0/Adagrad",
                "dnn/logits/bias/t_0/Adagrad", "global_step"}));
  EXPECT_EQ(trainer.read_variable("dnn/hiddenlayer_0/kernel").shape(), (Shape{4, 10}));
  const Node& slot = graph.node(graph.find("dnn/logits/bias/t_0/Adagrad"));
  EXPECT_EQ(text(slot, "role"), "slot");
  EXPECT_EQ(text(slot, "slot_of"), "dnn/logits/bias");
  EXPECT_EQ(text(slot, "slot"), "accumulator");
  EXPECT_EQ(text(slot, "optimizer"), "Adagrad");
}

TEST(Layers, DenseWithoutBiasAndWithAnInitializer) {
  Graph graph;
  const NodeId x = placeholder(graph, "x", DType::kFloat32, {-1, 2});
  DenseOptions options;
  options.use_bias = false;
  options.kernel_initializer = "ones";
  options.activation = "square";  // any operation of one input serves
  const NodeId y = dense(graph, x, 1, "sum", options);
  EXPECT_EQ(graph.find("sum/bias"), kNoNode);
  // (1.5 + 2)^2 = 12.25
  EXPECT_EQ(value(graph, y, {x}, {floats({1, 2}, {1.5f, 2})}), std::vector<float>{12.25f});
}

TEST(Layers, InputLayerSortsByNameAndCasts) {
  Graph graph;
  const NodeId b = placeholder(graph, "b", DType::kFloat32, {-1});
  const NodeId a = placeholder(graph, "a", DType::kInt64, {-1});
  const NodeId c = placeholder(graph, "c", DType::kFloat32, {-1, 2});
  const NodeId all = input_layer(graph, {b, a, c});
  EXPECT_EQ(value(graph, all, {b, a, c},
                  {floats({2}, {10, 20}), ids({1, 2}), floats({2, 2}, {3, 4, 5, 6})}),
            (std::vector<float>{1, 10, 3, 4, 2, 20, 5, 6}));
}

TEST(Layers, LossesByHand) {
  Graph graph;
  const NodeId logits = placeholder(graph, "logits", DType::kFloat32, {-1, 2});
  const NodeId targets = placeholder(graph, "targets", DType::kFloat32, {-1, 2});
  const NodeId classes = placeholder(graph, "classes", DType::kInt64, {-1});
  const std::vector<NodeId> fed = {logits, targets, classes};
  const std::vector<Tensor> batch = {floats({2, 2}, {0, 0, 3, 1}), floats({2, 2}, {1, 0, 1, 1}),
                                     ids({0, 1})};
  // -log softmax: log 2 of the first row, log(1 + e^2) of the second
  const float rows = std::log(2.0f) + std::log1p(std::exp(2.0f));
  const NodeId sum = sparse_softmax_cross_entropy(graph, classes, logits, Reduction::kSum);
  EXPECT_NEAR(value(graph, sum, fed, batch)[0], rows, 1e-6);
  const NodeId mean = sparse_softmax_cross_entropy(graph, classes, logits);
  EXPECT_NEAR(value(graph, mean, fed, batch)[0], rows / 2, 1e-6);
  // (0-1)^2 + 0 + (3-1)^2 + (1-1)^2 = 5 over 4 elements
  EXPECT_EQ(value(graph, mean_squared_error(graph, targets, logits), fed, batch)[0], 1.25f);
  // log(1 + e^0) twice, log(1 + e^-3), log(1 + e^-1)
  const float four = 2 * std::log(2.0f) + std::log1p(std::exp(-3.0f)) + std::log1p(std::exp(-1.0f));
  const NodeId sigmoid = sigmoid_cross_entropy(graph, targets, logits, Reduction::kSum);
  EXPECT_NEAR(value(graph, sigmoid, fed, batch)[0], four, 1e-6);
}

TEST(Layers, LabelsInAColumnAndOfInt32AreTakenToo) {
  Graph graph;
  const NodeId logits = placeholder(graph, "logits", DType::kFloat32, {-1, 2});
  const NodeId classes = placeholder(graph, "classes", DType::kInt32, {-1, 1});
  const NodeId loss = sparse_softmax_cross_entropy(graph, classes, logits);
  Tensor column(DType::kInt32, {1, 1});  // class 0
  EXPECT_NEAR(value(graph, loss, {logits, classes}, {floats({1, 2}, {0, 0}), column})[0],
              std::log(2.0f), 1e-6);
}

// y = w x with w = 2 at first; the loss is y itself.
struct Line {
  Graph graph;
  NodeId x = placeholder(graph, "x", DType::kFloat32, {-1, 1});
  NodeId loss = kNoNode;

  Line() {
    VariableOptions two;
    two.initializer = "constant";
    two.numbers = {{"value", 2.0}};
    const NodeId w = variable(graph, "w", {1, 1}, two);
    loss = graph.add("reduce_sum", {graph.add("dense", {x, w})});
  }
  Trainer after_one_step(NodeId step) const {
    Trainer trainer(graph, {1, 1});
    trainer.set_input(
        std::make_shared<ArrayInput>(std::vector<std::vector<Tensor>>{{floats({2, 1}, {1, 2})}}),
        {x});
    trainer.run(1, {step}, {});
    return trainer;
  }
};

TEST(Optimizers, AdagradStepByHand) {
  Line line;
  const NodeId step = minimize(line.graph, line.loss, AdagradOptimizer{0.5});
  const Trainer trainer = line.after_one_step(step);
  // g = 1 + 2;  a = 0.1 + 9;  w = 2 - 0.5 * 3 / sqrt(9.1)
  EXPECT_FLOAT_EQ(*trainer.read_variable("w").data<float>(), 2.0f - 1.5f / std::sqrt(9.1f));
  EXPECT_FLOAT_EQ(*trainer.read_variable("w/Adagrad").data<float>(), 9.1f);
  EXPECT_EQ(trainer.global_step(), 1);
}

TEST(Optimizers, GradientDescentStepByHand) {
  Line line;
  const NodeId step = minimize(line.graph, line.loss, GradientDescentOptimizer{0.5});
  const Trainer trainer = line.after_one_step(step);
  EXPECT_EQ(*trainer.read_variable("w").data<float>(), 0.5f);  // 2 - 0.5 * 3
  EXPECT_EQ(trainer.global_step(), 1);
}

TEST(Optimizers, LeaveWhatIsNotTrainable) {
  Line line;
  VariableOptions fixed;
  fixed.trainable = false;
  const NodeId offset = variable(line.graph, "offset", {1}, fixed);
  const NodeId loss = line.graph.add("add", {line.loss, line.graph.add("reduce_sum", {offset})});
  minimize(line.graph, loss, AdagradOptimizer{});
  EXPECT_NE(line.graph.find("w/Adagrad"), kNoNode);
  EXPECT_EQ(line.graph.find("offset/Adagrad"), kNoNode);
}

TEST(Layers, MistakesAreNamed) {
  Graph graph;
  const NodeId x = placeholder(graph, "x", DType::kFloat32, {-1, -1});
  const NodeId word = placeholder(graph, "word", DType::kString, {-1});
  const NodeId known = placeholder(graph, "known", DType::kFloat32, {-1, 2});
  EXPECT_ERROR(dense(graph, x, 3, "a"), Code::kInvalidArgument,
               "dense \"a\": expected inputs [batch, n] of a known n, and units of at least 1; got "
               "[?, ?] and 3");
  EXPECT_ERROR(input_layer(graph, {word}), Code::kInvalidArgument,
               "input_layer: feature \"word\": expected numbers of shape [batch] or [batch, n]; "
               "got string [?]");
  EXPECT_ERROR(input_layer(graph, {}), Code::kInvalidArgument, "at least one feature; got none");
  Graph empty;
  EXPECT_ERROR(dense(empty, known, 3, "a"), Code::kInvalidArgument,
               "graph: expected a node, of which there is none; got 2");
  EXPECT_ERROR(dense(graph, known, 3, ""), Code::kInvalidArgument,
               "dense: expected a name, as in \"dnn/logits\"; got none");
  EXPECT_ERROR(
      dense(graph, known, 3, "layer", {"ReLU"}), Code::kInvalidArgument,
      "dense \"layer\", activation: graph: expected the name of an operation; got \"ReLU\"");
  dense(graph, known, 3, "layer");  // the name is still free
  EXPECT_ERROR(dense(graph, known, 3, "layer"), Code::kInvalidArgument,
               "variable \"layer/kernel\": expected a name that is free");
}

// Broadcast, [batch] - [batch, 1] would be [batch, batch], and the network learn nothing but a
// mean.
TEST(Layers, ASquaredErrorIsOfOneShape) {
  Graph graph;
  const NodeId predictions = placeholder(graph, "predictions", DType::kFloat32, {-1, 1});
  const NodeId flat = placeholder(graph, "flat", DType::kFloat32, {-1});
  const NodeId wide = placeholder(graph, "wide", DType::kFloat32, {-1, 2});
  const NodeId whole = placeholder(graph, "whole", DType::kInt64, {-1, 1});
  const NodeId eight = placeholder(graph, "eight", DType::kFloat32, {8, 1});
  const std::string expected =
      "mean_squared_error: expected float32 labels and predictions of one ";
  EXPECT_ERROR(mean_squared_error(graph, flat, predictions), Code::kInvalidArgument,
               expected + "shape; got float32 [?] and float32 [?, 1]; reshape or cast one of them");
  EXPECT_ERROR(mean_squared_error(graph, wide, predictions), Code::kInvalidArgument,
               expected + "shape; got float32 [?, 2] and float32 [?, 1]");
  EXPECT_ERROR(mean_squared_error(graph, whole, predictions), Code::kInvalidArgument,
               expected + "shape; got int64 [?, 1] and float32 [?, 1]");
  EXPECT_NE(mean_squared_error(graph, eight, predictions), kNoNode);
}

TEST(Optimizers, MistakesAreNamed) {
  Line line;
  const NodeId constant_loss = line.graph.add("reduce_sum", {line.x}, {}, "constant_loss");
  EXPECT_ERROR(minimize(line.graph, constant_loss, GradientDescentOptimizer{}),
               Code::kInvalidArgument, "no gradient for any of 1 trainable variables");
  EXPECT_ERROR(minimize(line.graph, line.loss, AdagradOptimizer{0.05, 0.0}), Code::kInvalidArgument,
               "initial_accumulator_value: expected a positive number; got 0");
  const double none = std::nan("");
  EXPECT_ERROR(minimize(line.graph, line.loss, AdagradOptimizer{none}), Code::kInvalidArgument,
               "AdagradOptimizer: learning_rate: expected a finite number; got nan");
  EXPECT_ERROR(minimize(line.graph, line.loss, GradientDescentOptimizer{none}),
               Code::kInvalidArgument,
               "GradientDescentOptimizer: learning_rate: expected a finite number; got nan");
}

}  // namespace
}  // namespace holdfast
