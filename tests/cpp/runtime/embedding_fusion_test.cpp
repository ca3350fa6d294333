// What the fusion of embeddings makes of a planned list, and that it changes no bit of a training.
#include "runtime/embedding_fusion.h"

#include <gtest/gtest.h>

#include <random>

#include "runtime/program.h"

namespace holdfast {
namespace {

constexpr std::int64_t kBatch = 300;

// One dense column and two lookups, side by side, into a layer; Adagrad for one table, gradient
// descent for the other.
struct Model {
  Graph graph;
  NodeId x, first_ids, second_ids, first, second, squares, net, loss, step;
  std::vector<NodeId> grads;

  Model() {
    x = placeholder("float32", {-1, 1}, "x");
    first_ids = placeholder("int64", {-1, 1}, "first_ids");
    second_ids = placeholder("int32", {-1, 3}, "second_ids");
    first = variable({50, 4}, "first");
    second = variable({7, 2}, "second");
    squares = variable({50, 4}, "squares");
    net = graph.add("concat",
                    {viewed(lookup(first, first_ids), 4), x, viewed(lookup(second, second_ids), 2)},
                    {{"axis", std::int64_t{1}}});
    const NodeId y = graph.add("dense", {net, variable({7, 3}, "kernel")});
    loss = graph.add("reduce_sum", {graph.add("tanh", {y})});
    grads = graph.gradients(loss, {first, second});
    const NodeId rate = graph.add("constant", {},
                                  {{"dtype", std::string("float32")},
                                   {"shape", Shape{}},
                                   {"values", std::vector<double>{0.1}}});
    step = graph.add("group", {graph.add("apply_adagrad", {first, squares, rate, grads[0]}),
                               graph.add("apply_gradient_descent", {second, rate, grads[1]})});
  }

  NodeId placeholder(const std::string& dtype, Shape shape, const std::string& name) {
    return graph.add("placeholder", {}, {{"dtype", dtype}, {"shape", std::move(shape)}}, name);
  }
  NodeId variable(Shape shape, const std::string& name) {
    return graph.add("variable", {},
                     {{"dtype", std::string("float32")},
                      {"shape", std::move(shape)},
                      {"initializer", std::string("random_uniform")},
                      {"minval", 0.1}},
                     name);
  }
  NodeId lookup(NodeId table, NodeId ids) { return graph.add("embedding", {table, ids}); }
  NodeId viewed(NodeId value, std::int64_t cols) {
    return graph.add("reshape", {value}, {{"shape", Shape{-1, cols}}});
  }

  std::vector<Node> nodes() const {
    std::vector<Node> list;
    for (NodeId i = 0; i < graph.size(); ++i) list.push_back(graph.node(i));
    return list;
  }
  // Only what the targets need, as a program selects it.
  std::vector<Node> fused(const std::vector<NodeId>& targets) const {
    std::vector<Node> list = nodes();
    std::vector<bool> wanted(list.size(), false);
    for (const NodeId target : targets) wanted[static_cast<std::size_t>(target)] = true;
    std::vector<bool> needed = wanted;
    for (std::size_t i = list.size(); i-- > 0;) {
      if (!needed[i]) {
        list[i].op = "constant";
        list[i].inputs.clear();
      }
      for (const NodeId input : list[i].inputs) needed[static_cast<std::size_t>(input)] = true;
    }
    fuse_embeddings(list, wanted);
    return list;
  }
};

const Node& at(const std::vector<Node>& nodes, NodeId i) {
  return nodes[static_cast<std::size_t>(i)];
}

TEST(EmbeddingFusion, UpdatesBecomeThoseOfRowsAndReadTheWideGradientInPlace) {
  const Model model;
  const std::vector<Node> nodes = model.fused({model.step});
  const Node& group = at(nodes, model.step);
  const Node& adagrad = at(nodes, group.inputs[0]);
  EXPECT_EQ(adagrad.op, "embedding_grad_adagrad");
  EXPECT_EQ(at(nodes, adagrad.inputs[2]).op, "dense_grad_input");
  EXPECT_EQ(adagrad.inputs[3], model.first_ids);
  EXPECT_EQ(std::get<std::int64_t>(adagrad.attributes.at("column")), 0);
  const Node& descent = at(nodes, group.inputs[1]);
  EXPECT_EQ(descent.op, "embedding_grad_gradient_descent");
  EXPECT_EQ(std::get<std::int64_t>(descent.attributes.at("column")), 5);  // behind 4 and 1
}

TEST(EmbeddingFusion, LookupsGoStraightIntoTheConcatenation) {
  const Model model;
  const std::vector<NodeId> tables_and_ids = {model.first, model.first_ids, model.x, model.second,
                                              model.second_ids};
  for (const NodeId target : {model.step, model.loss}) {
    const std::vector<Node> nodes = model.fused({target});
    const Node& concat = at(nodes, model.net);
    EXPECT_EQ(concat.op, "concat_embedding");
    EXPECT_EQ(concat.inputs, tables_and_ids);
  }
}

TEST(EmbeddingFusion, LookupThatSomebodyLooksAtStays) {
  const Model model;
  const NodeId lookup = model.graph.find("embedding");
  const std::vector<Node> nodes = model.fused({model.loss, lookup});
  EXPECT_EQ(at(nodes, model.net).op, "concat_embedding");  // the other lookup
  EXPECT_EQ(at(nodes, model.net).inputs.size(), 4u);
}

TEST(EmbeddingFusion, GradientThatSomebodyLooksAtStaysDense) {
  Model model;
  const NodeId norm = model.graph.add("reduce_sum", {model.grads[0]});
  const std::vector<Node> nodes = model.fused({model.step, norm});
  const Node& group = at(nodes, model.step);
  EXPECT_EQ(at(nodes, group.inputs[0]).op, "apply_adagrad");
  EXPECT_EQ(at(nodes, group.inputs[1]).op, "embedding_grad_gradient_descent");
}

TEST(EmbeddingFusion, LookupStaysBeforeAnAssignmentToItsTable) {
  Model model;
  Graph& graph = model.graph;
  const NodeId before = model.lookup(model.second, model.second_ids);
  const NodeId assigned = graph.add("assign_add", {model.second, model.variable({7, 2}, "more")});
  const NodeId joined = graph.add("concat", {before, model.x}, {{"axis", std::int64_t{1}}});
  const NodeId both = graph.add("group", {assigned});
  EXPECT_EQ(at(model.fused({joined, both}), joined).op, "concat");
}

// Feeds a batch of ids that are often equal, twice, and returns the tables and the slot.
std::vector<float> trained(const Model& model, bool fused, int threads) {
  std::vector<NodeId> wanted = {model.step};
  if (!fused) wanted.insert(wanted.end(), model.grads.begin(), model.grads.end());
  State state(model.graph, 11);
  Program program(
      model.graph, state, wanted,
      {{model.x, {kBatch, 1}}, {model.first_ids, {kBatch, 1}}, {model.second_ids, {kBatch, 3}}},
      threads);
  ThreadPool pool(threads);
  std::mt19937 engine(9);
  for (int step = 0; step < 2; ++step) {
    for (std::int64_t i = 0; i < kBatch; ++i) {
      static_cast<float*>(program.feed(0))[i] = static_cast<float>(engine() % 100) / 100;
      static_cast<std::int64_t*>(program.feed(1))[i] = engine() % 50;
      for (int k = 0; k < 3; ++k) {
        static_cast<std::int32_t*>(program.feed(2))[3 * i + k] = static_cast<int>(engine() % 8) - 1;
      }
    }
    program.run({pool, 0, step});
  }
  std::vector<float> values;
  for (const char* name : {"first", "second", "squares"}) {
    const Tensor& value = state.at(name).value;
    values.insert(values.end(), value.data<float>(), value.data<float>() + value.size());
  }
  return values;
}

TEST(EmbeddingFusion, ChangesNoBitOfATraining) {
  const Model model;
  const std::vector<float> expected = trained(model, false, 1);
  EXPECT_EQ(trained(model, true, 1), expected);
  EXPECT_EQ(trained(model, true, 2), expected);
  State untouched(model.graph, 11);
  EXPECT_NE(expected[0], untouched.at("first").value.data<float>()[0]);
}

}  // namespace
}  // namespace holdfast
