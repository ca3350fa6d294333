#include "holdfast/trainer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "runtime/array_input.h"
#include "testing.h"

namespace holdfast {
namespace {

NodeId variable(Graph& graph, const std::string& name, const Shape& shape, double value,
                const std::string& role = "variable", const std::string& dtype = "float32") {
  return graph.add("variable", {},
                   {{"dtype", dtype},
                    {"shape", shape},
                    {"role", role},
                    {"initializer", std::string("constant")},
                    {"value", value}},
                   name);
}

NodeId constant(Graph& graph, double value, const std::string& dtype = "float32") {
  return graph.add("constant", {},
                   {{"dtype", dtype}, {"shape", Shape{}}, {"values", std::vector<double>{value}}});
}

// y = w x over x of shape [B, 1]; loss is y itself; Adagrad with rate 0.5.
struct Line {
  Graph graph;
  NodeId x;
  NodeId loss;
  NodeId train;

  explicit Line(bool gradient_wanted = false) {
    x = graph.add("placeholder", {}, {{"dtype", std::string("float32")}, {"shape", Shape{-1, 1}}},
                  "x");
    const NodeId w = variable(graph, "w", {1, 1}, 2.0);
    const NodeId a = variable(graph, "w/Adagrad", {1, 1}, 0.1, "slot");
    const NodeId step = variable(graph, "global_step", {}, 0, "global_step", "int64");
    const NodeId y = graph.add("dense", {x, w});
    loss = graph.add("reduce_sum", {y});
    const NodeId g = graph.gradients(loss, {w})[0];
    const NodeId update = graph.add("apply_adagrad", {w, a, constant(graph, 0.5), g});
    const NodeId count = graph.add("assign_add", {step, constant(graph, 1, "int64")});
    std::vector<NodeId> all = {update, count};
    if (gradient_wanted) all.push_back(g);
    train = graph.add("group", all);
  }
};

std::shared_ptr<Input> batches(const std::vector<std::vector<float>>& xs) {
  std::vector<std::vector<Tensor>> list;
  for (const auto& x : xs) {
    list.push_back({floats({static_cast<std::int64_t>(x.size()), 1}, x)});
  }
  return std::make_shared<ArrayInput>(list);
}

float weight(const Trainer& trainer) { return *trainer.read_variable("w").data<float>(); }

TEST(Trainer, OneAdagradStepByHand) {
  const Line line;
  Trainer trainer(line.graph, {1, 1});
  trainer.set_input(batches({{1, 2}}), {line.x});
  const RunResult result = trainer.run(1, {line.train}, {}, line.loss);
  EXPECT_EQ(result.steps, 1);
  EXPECT_EQ(result.watched, 6.0f);  // 2 * 1 + 2 * 2, before the update
  // g = 1 + 2 = 3;  a = 0.1 + 9;  w = 2 - 0.5 * 3 / sqrt(9.1)
  EXPECT_FLOAT_EQ(weight(trainer), 2.0f - 1.5f / std::sqrt(9.1f));
  EXPECT_FLOAT_EQ(*trainer.read_variable("w/Adagrad").data<float>(), 9.1f);
  EXPECT_EQ(trainer.global_step(), 1);
}

TEST(Trainer, FusionDoesNotChangeTheBits) {
  const Line fused;
  const Line stored(true);  // the gradient has another reader: no fusion
  Trainer a(fused.graph, {1, 1});
  Trainer b(stored.graph, {1, 1});
  for (Trainer* trainer : {&a, &b}) {
    const Line& line = trainer == &a ? fused : stored;
    trainer->set_input(batches({{0.3f, -1.7f, 2.9f}, {0.1f, 5.5f, -3.3f}, {1e-3f, 7, 9}}),
                       {line.x});
    trainer->run(3, {line.train}, {});
  }
  EXPECT_EQ(weight(a), weight(b));
}

TEST(Trainer, StopsAtTheEndOfTheInput) {
  const Line line;
  Trainer trainer(line.graph, {1, 1});
  trainer.set_input(batches({{1}, {2, 3}}), {line.x});
  const RunResult result = trainer.run(10, {line.train}, {}, line.loss);
  EXPECT_EQ(result.steps, 2);
  EXPECT_EQ(result.reason, StopReason::kEndOfInput);
}

TEST(Trainer, ACallEndsAfterTheStepThatExceedsItsTime) {
  const Line line;
  Trainer trainer(line.graph, {1, 1});
  trainer.set_input(batches({{1}, {2}, {3}}), {line.x});
  trainer.limit_call(1e-9);  // over in the first step
  const RunResult limited = trainer.run(3, {line.train}, {line.loss});
  EXPECT_EQ(limited.reason, StopReason::kTime);
  EXPECT_EQ(limited.steps, 1);
  EXPECT_TRUE(limited.fetched.empty());
  trainer.limit_call(0.0);
  EXPECT_EQ(trainer.run(3, {line.train}, {}).reason, StopReason::kEndOfInput);
  EXPECT_EQ(trainer.global_step(), 3);
}

TEST(Trainer, FetchesTheLastStepAskedFor) {
  const Line line;
  Trainer trainer(line.graph, {1, 1});
  trainer.set_input(batches({{1}, {4}}), {line.x});
  const float before = 2.0f - 0.5f / std::sqrt(1.1f);
  const RunResult result = trainer.run(2, {line.train}, {line.loss});
  ASSERT_EQ(result.fetched.size(), 1u);
  EXPECT_FLOAT_EQ(*result.fetched[0].data<float>(), before * 4);
}

TEST(Trainer, StopsAtANanLoss) {
  const Line line;
  Trainer trainer(line.graph, {1, 1});
  trainer.set_input(batches({{1}, {std::numeric_limits<float>::quiet_NaN()}, {1}}), {line.x});
  const RunResult result = trainer.run(3, {line.train}, {}, line.loss);
  EXPECT_EQ(result.reason, StopReason::kNonFiniteLoss);
  EXPECT_EQ(result.steps, 2);
}

TEST(Trainer, WatchesAFloatScalarAlone) {
  const Line line;
  Trainer trainer(line.graph, {1, 1});
  trainer.set_input(batches({{1}}), {line.x});
  EXPECT_ERROR(trainer.run(1, {line.train}, {}, line.x), Code::kInvalidArgument,
               "watch \"x\": expected a float32 scalar; got float32 [?, 1]");
  EXPECT_ERROR(trainer.run(1, {line.train}, {}, line.graph.find("global_step")),
               Code::kInvalidArgument,
               "watch \"global_step\": expected a float32 scalar; got int64 []");
  EXPECT_EQ(trainer.global_step(), 0);  // before anything was computed
}

TEST(Trainer, NamesTheInputThatDoesNotFit) {
  const Line line;
  Trainer trainer(line.graph, {1, 1});
  trainer.set_input(std::make_shared<ArrayInput>(
                        std::vector<std::vector<Tensor>>{{floats({2, 3}, {1, 2, 3, 4, 5, 6})}}),
                    {line.x});
  EXPECT_ERROR(trainer.run(1, {line.train}, {}), Code::kInvalidArgument,
               "input \"x\": expected shape [?, 1]; got [2, 3]");
}

TEST(Trainer, WantsAValueForEveryPlaceholderItNeeds) {
  const Line line;
  Trainer trainer(line.graph, {1, 1});
  EXPECT_ERROR(trainer.run(1, {line.train}, {}), Code::kFailedPrecondition,
               "placeholder \"x\": expected a value in the input; got none");
}

TEST(Trainer, WriteVariableChecksTheShape) {
  const Line line;
  Trainer trainer(line.graph, {1, 1});
  EXPECT_ERROR(trainer.write_variable("w", floats({2}, {1, 2})), Code::kInvalidArgument,
               "variable \"w\": expected float32 [1, 1]; got float32 [2]");
  EXPECT_ERROR(trainer.read_variable("v"), Code::kNotFound,
               "variable \"v\": expected one of w, w/Adagrad, global_step");
}

}  // namespace
}  // namespace holdfast
