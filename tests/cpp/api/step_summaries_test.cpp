// What a trainer records by itself.
#include <gtest/gtest.h>

#include <cstring>

#include "base/histogram.h"
#include "holdfast/trainer.h"
#include "io/testing_io.h"
#include "runtime/array_input.h"
#include "testing.h"

namespace holdfast {
namespace {

NodeId add_variable(Graph& graph, const std::string& name, const Shape& shape, double value,
                    const std::string& role = "variable", const std::string& dtype = "float32") {
  return graph.add("variable", {},
                   {{"dtype", dtype},
                    {"shape", shape},
                    {"role", role},
                    {"initializer", std::string("constant")},
                    {"value", value}},
                   name);
}

// loss = sum of w * x; w -= 0.5 * gradient.
struct Model {
  Graph graph;
  NodeId x, y, loss, total, histogram, text, train;

  Model() {
    x = graph.add("placeholder", {}, {{"dtype", std::string("float32")}, {"shape", Shape{-1, 1}}},
                  "x");
    const NodeId w = add_variable(graph, "w", {1, 1}, 2.0);
    const NodeId step = add_variable(graph, "global_step", {}, 0, "global_step", "int64");
    y = graph.add("dense", {x, w});
    loss = graph.add("reduce_sum", {y});
    total = graph.add("cast", {loss}, {{"dtype", std::string("float64")}});
    histogram = graph.add("histogram", {y});
    text = graph.add("constant", {},
                     {{"dtype", std::string("string")},
                      {"shape", Shape{}},
                      {"values", std::vector<std::string>{"*note*"}}});
    const NodeId rate = graph.add("constant", {},
                                  {{"dtype", std::string("float32")},
                                   {"shape", Shape{}},
                                   {"values", std::vector<double>{0.5}}});
    const NodeId one = graph.add(
        "constant", {},
        {{"dtype", std::string("int64")}, {"shape", Shape{}}, {"values", std::vector<double>{1}}});
    const NodeId g = graph.gradients(loss, {w})[0];
    train = graph.add("group", {graph.add("apply_gradient_descent", {w, rate, g}),
                                graph.add("assign_add", {step, one})});
  }
};

class StepSummariesTest : public ::testing::Test {
 protected:
  void feed(int count, std::int64_t rows = 1) {
    std::vector<std::vector<Tensor>> list;
    for (int i = 0; i < count; ++i)
      list.push_back({floats({rows, 1}, std::vector<float>(static_cast<std::size_t>(rows), 1))});
    trainer_.set_input(std::make_shared<ArrayInput>(list), {model_.x});
  }
  std::shared_ptr<EventWriter> writer() {
    return std::make_shared<EventWriter>(folder_.path(), EventWriterOptions{1000, 4096, 5, ""});
  }
  // All values under a tag, by step.
  std::vector<std::pair<std::int64_t, SummaryValue>> values(const EventWriter& writer,
                                                            const std::string& tag) {
    std::vector<std::pair<std::int64_t, SummaryValue>> found;
    if (writer.path().empty()) return found;
    EventReader reader(writer.path());
    for (Event event; reader.next(event);)
      for (const SummaryValue& value : event.values)
        if (value.tag == tag) found.emplace_back(event.step, value);
    return found;
  }
  std::vector<std::int64_t> steps(const EventWriter& writer, const std::string& tag) {
    std::vector<std::int64_t> found;
    for (const auto& [step, value] : values(writer, tag)) found.push_back(step);
    return found;
  }
  SummaryPlan plan(std::int64_t every, std::int64_t speed_every = 0) const {
    using Kind = SummaryValue::Kind;
    SummaryPlan plan;
    plan.sources = {{"loss", Kind::kScalar, model_.loss},
                    {"total", Kind::kScalar, model_.total},
                    {"y", Kind::kHistogram, model_.histogram},
                    {"note", Kind::kText, model_.text}};
    plan.every = every;
    plan.speed_every = speed_every;
    return plan;
  }
  RunResult run(std::int64_t steps) { return trainer_.run(steps, {model_.train}, {}, model_.loss); }

  using Steps = std::vector<std::int64_t>;
  io::TemporaryFolder folder_;
  Model model_;
  Trainer trainer_{model_.graph, {1, 1}};
};

TEST_F(StepSummariesTest, RecordsStepsOneOnePlusKAndSoOnAcrossCalls) {
  feed(10);
  const auto events = writer();
  trainer_.add_summaries(events, plan(3));
  run(2);
  run(1);
  run(7);
  events->flush();
  for (const char* tag : {"loss", "total", "y", "note"})
    EXPECT_EQ(steps(*events, tag), (Steps{1, 4, 7, 10})) << tag;
  // Step n sees w = 2 - 0.5 * (n - 1).
  EXPECT_EQ(values(*events, "loss")[1].second.scalar, 0.5f);
  EXPECT_EQ(values(*events, "total")[1].second.scalar, 0.5f);
  const HistogramValue y = values(*events, "y")[1].second.histogram;
  EXPECT_EQ(y.num, 1);
  EXPECT_EQ(y.min, 0.5);
  EXPECT_EQ(values(*events, "note")[0].second.text, "*note*");
}

TEST_F(StepSummariesTest, StepsAreCountedFromTheGlobalStepOfTheCheckpoint) {
  feed(4);
  Tensor five(DType::kInt64, {});
  *five.data<std::int64_t>() = 5;
  trainer_.write_variable("global_step", five);
  const auto events = writer();
  trainer_.add_summaries(events, plan(3));
  run(4);
  events->flush();
  EXPECT_EQ(steps(*events, "loss"), (Steps{6, 9}));
}

TEST_F(StepSummariesTest, SpeedIsMeasuredFromTheSecondTimeOn) {
  feed(9);
  const auto events = writer();
  trainer_.add_summaries(events, plan(0, 2));
  run(9);
  events->flush();
  EXPECT_EQ(steps(*events, "global_step/sec"), (Steps{3, 5, 7, 9}));
  for (const auto& [step, value] : values(*events, "global_step/sec")) EXPECT_GT(value.scalar, 0);
  EXPECT_TRUE(steps(*events, "loss").empty());
}

TEST_F(StepSummariesTest, TwoPlansDoNotDisturbEachOtherOrTheFetches) {
  feed(6);
  const auto all = writer();
  const auto other = writer();
  trainer_.add_summaries(all, plan(2));
  SummaryPlan half = plan(3);
  half.sources.resize(1);
  trainer_.add_summaries(other, half);
  for (int step = 1; step <= 6; ++step) {
    const RunResult result = trainer_.run(1, {model_.train}, {model_.y, model_.loss}, model_.loss);
    ASSERT_EQ(result.fetched.size(), 2u);
    EXPECT_EQ(*result.fetched[1].data<float>(), 2.0f - 0.5f * static_cast<float>(step - 1));
    EXPECT_EQ(*result.fetched[0].data<float>(), *result.fetched[1].data<float>());
  }
  all->flush();
  other->flush();
  EXPECT_EQ(steps(*all, "loss"), (Steps{1, 3, 5}));
  EXPECT_EQ(steps(*other, "loss"), (Steps{1, 4}));
  EXPECT_EQ(values(*other, "loss")[1].second.scalar, 0.5f);
  EXPECT_NE(all->path(), other->path());
}

TEST_F(StepSummariesTest, CallsThatAreNoStepsAreNeitherRecordedNorCounted) {
  feed(8);
  const auto events = writer();
  trainer_.add_summaries(events, plan(2));
  for (int i = 0; i < 4; ++i) {
    trainer_.run(1, {}, {model_.text}, kNoNode, false);
    run(1);
  }
  events->flush();
  // Each of the others takes an element of the input and leaves the global step.
  EXPECT_EQ(steps(*events, "loss"), (Steps{1, 3}));
}

TEST_F(StepSummariesTest, ClearEndsRecording) {
  feed(4);
  const auto events = writer();
  trainer_.add_summaries(events, plan(1));
  run(2);
  trainer_.clear_summaries();
  run(2);
  events->flush();
  EXPECT_EQ(steps(*events, "loss"), (Steps{1, 2}));
}

TEST_F(StepSummariesTest, RecordingChangesNoBit) {
  Trainer silent(model_.graph, {1, 1});
  for (Trainer* trainer : {&trainer_, &silent}) {
    std::vector<std::vector<Tensor>> list;
    for (int i = 1; i < 30; ++i)
      list.push_back({floats({3, 1}, {0.3f * static_cast<float>(i), -1.7f, 2.9f})});
    trainer->set_input(std::make_shared<ArrayInput>(list), {model_.x});
  }
  trainer_.add_summaries(writer(), plan(2, 3));
  run(29);
  silent.run(29, {model_.train}, {}, model_.loss);
  EXPECT_EQ(std::memcmp(trainer_.read_variable("w").raw(), silent.read_variable("w").raw(),
                        sizeof(float)),
            0);
}

TEST_F(StepSummariesTest, AFullDiskDoesNotStopARun) {
  feed(50);
  io::write_file(folder_ / "file", "");
  const auto events =
      std::make_shared<EventWriter>(folder_ / "file/events", EventWriterOptions{0.01, 2, 5, ""});
  trainer_.add_summaries(events, plan(1));
  EXPECT_EQ(run(49).steps, 49);
  events->close();
  EXPECT_EQ(events->lost_events(), 49);
  EXPECT_EQ(events->take_warnings().size(), 1u);
}

TEST_F(StepSummariesTest, RefusesWhatCannotBeRecorded) {
  const auto refused = [&](SummaryValue::Kind kind, NodeId node, const std::string& got) {
    SummaryPlan plan;
    plan.sources = {{"tag", kind, node}};
    EXPECT_ERROR(trainer_.add_summaries(writer(), plan), Code::kInvalidArgument,
                 "summary \"tag\": expected a float scalar, a string scalar for text, or the "
                 "result of an operation \"histogram\" for a histogram; got " +
                     got);
  };
  using Kind = SummaryValue::Kind;
  refused(Kind::kScalar, model_.y, "\"dense\" (dense) of float32 [?, 1]");
  refused(Kind::kHistogram, model_.y, "\"dense\" (dense) of float32 [?, 1]");
  refused(Kind::kText, model_.loss, "\"reduce_sum\" (reduce_sum) of float32 []");
  refused(Kind::kScalar, model_.text, "\"constant\" (constant) of string []");
}

}  // namespace
}  // namespace holdfast
