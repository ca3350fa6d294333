#include "runtime/program.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <numeric>

#include "base/histogram.h"
#include "testing.h"

namespace holdfast {
namespace {

NodeId number(Graph& graph, const std::string& op, double value, const std::string& name) {
  Attributes attributes = {{"dtype", std::string("float32")}, {"shape", Shape{}}};
  if (op == "constant") attributes["values"] = std::vector<double>{value};
  if (op == "variable") {
    attributes["initializer"] = std::string("constant");
    attributes["value"] = value;
  }
  return graph.add(op, {}, attributes, name);
}

float run(const Graph& graph, State& state, NodeId wanted) {
  Program program(graph, state, {wanted}, {}, 1);
  ThreadPool pool(1);
  program.run({pool, 0, 0});
  return *program.value(0).as<float>();
}

TEST(Program, ReadsAVariableAsItIsAtThatPlaceOfTheList) {
  Graph graph;
  const NodeId v = number(graph, "variable", 2, "v");
  const NodeId three = number(graph, "constant", 3, "three");
  const NodeId before = graph.add("mul", {v, three});        // 2 * 3
  const NodeId added = graph.add("assign_add", {v, three});  // v = 5
  const NodeId after = graph.add("mul", {v, three});         // 5 * 3
  const NodeId both = graph.add("add", {before, after});     // 6 + 15
  const NodeId all = graph.add("group", {added});
  State state(graph, 0);
  Program program(graph, state, {both, all}, {}, 1);
  ThreadPool pool(1);
  program.run({pool, 0, 0});
  EXPECT_EQ(*program.value(0).as<float>(), 21.0f);
  program.run({pool, 0, 0});
  EXPECT_EQ(*program.value(0).as<float>(), 5 * 3 + 8 * 3);
}

// A gradient of 2^-130 is a denormal: it is 0 while the program runs, also where it is computed
// ahead.
TEST(Program, CountsDenormalsAsZeroAndLeavesTheCallersModeAlone) {
  const volatile float tiny = 0x1p-100f;
  for (const char* kind : {"constant", "variable"}) {
    Graph graph;
    const NodeId a = number(graph, kind, 0x1p-100, "a");
    const NodeId b = number(graph, "constant", 0x1p-30, "b");
    const NodeId product = graph.add("mul", {a, b});
    const NodeId back = graph.add("mul", {product, number(graph, "constant", 0x1p60, "c")});
    State state(graph, 0);
    EXPECT_EQ(run(graph, state, back), 0.0f) << kind;
    const volatile float outside = tiny * 0x1p-30f;
    EXPECT_EQ(outside * 0x1p60f, 0x1p-70f) << kind;
  }
}

TEST(Program, LeavesOutWhatNoTargetNeeds) {
  Graph graph;
  const NodeId v = number(graph, "variable", 2, "v");
  graph.add("assign_add", {v, number(graph, "constant", 1, "one")});
  number(graph, "placeholder", 0, "never fed");
  State state(graph, 0);
  EXPECT_EQ(run(graph, state, v), 2.0f);
}

TEST(Program, FoldsConstantsOnce) {
  Graph graph;
  const NodeId a = number(graph, "constant", 2, "a");
  const NodeId product = graph.add("mul", {a, number(graph, "constant", 4, "b")});
  State state(graph, 0);
  EXPECT_EQ(run(graph, state, product), 8.0f);
}

TEST(Program, WantsEveryPlaceholderThatIsNeeded) {
  Graph graph;
  const NodeId x = number(graph, "placeholder", 0, "x");
  State state(graph, 0);
  EXPECT_ERROR(run(graph, state, x), Code::kFailedPrecondition,
               "placeholder \"x\": expected a value in the input; got none");
}

NodeId vector_input(Graph& graph, const std::string& name) {
  return graph.add("placeholder", {}, {{"dtype", std::string("float32")}, {"shape", Shape{-1}}},
                   name);
}

TEST(Program, CopiesNothingWhereTheSizesAreTheInputsOwn) {
  Graph graph;
  const NodeId x = vector_input(graph, "x");
  const NodeId like = vector_input(graph, "like");
  const NodeId sum = graph.add("sum_like", {x, like});
  State state(graph, 0);
  const Program same(graph, state, {sum}, {{x, {4}}, {like, {4}}}, 1);
  EXPECT_EQ(same.value(0).data, same.feed(0));
  const Program narrower(graph, state, {sum}, {{x, {4}}, {like, {1}}}, 1);
  EXPECT_NE(narrower.value(0).data, narrower.feed(0));
  EXPECT_EQ(narrower.value(0).shape, Shape{1});
}

TEST(Program, SkippedCopyKeepsWhatItStandsForAlive) {
  Graph graph;
  const NodeId x = vector_input(graph, "x");
  const NodeId like = vector_input(graph, "like");
  const NodeId copied = graph.add("sum_like", {graph.add("neg", {x}), like});  // a view of -x
  const NodeId viewed = graph.add("reshape", {copied}, {{"shape", Shape{-1}}});
  const NodeId fourth = graph.add("square", {graph.add("square", {x})});
  const NodeId wanted = graph.add("add", {viewed, fourth});
  State state(graph, 0);
  Program program(graph, state, {wanted}, {{x, {1}}, {like, {1}}}, 1);
  *static_cast<float*>(program.feed(0)) = 2;
  ThreadPool pool(1);
  program.run({pool, 0, 0});
  EXPECT_EQ(*program.value(0).as<float>(), -2.0f + 16.0f);
}

TEST(Program, CopyOfAVariableKeepsTheValueThatIsOverwritten) {
  Graph graph;
  const NodeId v = number(graph, "variable", 2, "v");
  const NodeId three = number(graph, "constant", 3, "three");
  const NodeId copied = graph.add("broadcast_like", {v, three});
  const NodeId added = graph.add("assign_add", {v, three});
  const NodeId wanted = graph.add("mul", {copied, three});
  const NodeId all = graph.add("group", {added});
  State state(graph, 0);
  Program program(graph, state, {wanted, all}, {}, 1);
  ThreadPool pool(1);
  program.run({pool, 0, 0});
  EXPECT_EQ(*program.value(0).as<float>(), 2 * 3);
}

// Asked for together they share their exponentials; asked for alone they do not.
TEST(Program, GivesALossAndItsGradientTheSameBitsTogetherAndAlone) {
  for (const char* kind : {"constant", "placeholder"}) {
    Graph graph;
    const auto matrix = [&](const char* op, std::vector<double> values) {
      Attributes attributes = {{"dtype", std::string("float32")}, {"shape", Shape{2, 3}}};
      if (op == std::string("constant")) attributes["values"] = std::move(values);
      return graph.add(op, {}, attributes);
    };
    const NodeId logits = matrix(kind, {0.5, -1, 2, 0.25, 0, -3});
    const NodeId labels = graph.add("constant", {},
                                    {{"dtype", std::string("int64")},
                                     {"shape", Shape{2}},
                                     {"values", std::vector<double>{1, 2}}});
    const NodeId scales = graph.add("constant", {},
                                    {{"dtype", std::string("float32")},
                                     {"shape", Shape{2}},
                                     {"values", std::vector<double>{0.3, -7}}});
    const NodeId loss = graph.add("sparse_softmax_cross_entropy", {logits, labels});
    const NodeId gradient =
        graph.add("sparse_softmax_cross_entropy_grad", {logits, labels, scales});
    State state(graph, 0);
    const auto values = [&](const std::vector<NodeId>& wanted) {
      const bool fed = kind == std::string("placeholder");
      Program program(graph, state, wanted,
                      fed ? std::vector<Feed>{{logits, {2, 3}}} : std::vector<Feed>{}, 1);
      const float z[] = {0.5f, -1, 2, 0.25f, 0, -3};
      if (fed) std::copy(std::begin(z), std::end(z), static_cast<float*>(program.feed(0)));
      ThreadPool pool(1);
      program.run({pool, 0, 0});
      std::vector<float> all;
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        const Buffer& buffer = program.value(i);
        all.insert(all.end(), buffer.as<float>(), buffer.as<float>() + buffer.size);
      }
      return all;
    };
    std::vector<float> alone = values({loss});
    const std::vector<float> gradient_alone = values({gradient});
    alone.insert(alone.end(), gradient_alone.begin(), gradient_alone.end());
    EXPECT_EQ(values({loss, gradient}), alone) << kind;
    // softmax(0.5, -1, 2)[0] * 0.3 = 0.1753 * 0.3
    EXPECT_NEAR(gradient_alone[0], 0.0526, 1e-4) << kind;
  }
}

// A histogram clears only what it has written itself. The product, gone before, would lie there.
TEST(Program, LetsNothingElseWriteWhereAResultIsKept) {
  Graph graph;
  const NodeId x =
      graph.add("placeholder", {}, {{"dtype", std::string("float32")}, {"shape", Shape{4000}}});
  const NodeId sum = graph.add("reduce_sum", {graph.add("mul", {x, x})});
  const NodeId histogram = graph.add("histogram", {sum});
  State state(graph, 0);
  Program program(graph, state, {histogram}, {{x, {4000}}}, 1);
  std::fill_n(static_cast<float*>(program.feed(0)), 4000, 3.0f);
  ThreadPool pool(1);
  for (int run = 0; run < 2; ++run) {
    program.run({pool, 0, 0});
    const Buffer& result = program.value(0);
    const double* counts = result.as<double>() + kHistogramFacts;
    const double* end = result.as<double>() + result.size;
    EXPECT_EQ(std::accumulate(counts, end, 0.0), 1.0) << run;  // one number: 4000 * 9
  }
}

}  // namespace
}  // namespace holdfast
