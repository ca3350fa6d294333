#include "runtime/mismatch.h"

#include <gtest/gtest.h>

#include "runtime/likely_cause.h"
#include "testing.h"

namespace holdfast {
namespace {

// The variables of a canned DNN with Adagrad slots, as a graph and as the tensors of a checkpoint.
struct Dnn {
  std::vector<std::pair<std::string, Shape>> variables;

  Dnn(std::int64_t inputs, const std::vector<std::int64_t>& hidden, std::int64_t logits) {
    std::int64_t width = inputs;
    for (std::size_t i = 0; i < hidden.size(); ++i) {
      add("dnn/hiddenlayer_" + std::to_string(i), width, hidden[i]);
      width = hidden[i];
    }
    add("dnn/logits", width, logits);
  }
  void add(const std::string& layer, std::int64_t in, std::int64_t out) {
    variables.push_back({layer + "/kernel", {in, out}});
    variables.push_back({layer + "/bias", {out}});
  }

  State state(const std::string& optimizer = "Adagrad") const {
    Graph graph;
    const auto variable = [&](const std::string& name, const Shape& shape, const std::string& role,
                              const std::string& dtype) {
      graph.add("variable", {},
                {{"dtype", dtype}, {"shape", shape}, {"role", role}, {"optimizer", optimizer}},
                name);
    };
    for (const auto& [name, shape] : variables) {
      variable(name, shape, "variable", "float32");
      if (!optimizer.empty()) variable(name + "/t_0/" + optimizer, shape, "slot", "float32");
    }
    variable("global_step", {}, "global_step", "int64");
    variable("accuracy/total", {}, "local", "float64");
    return {graph, 1};
  }

  std::vector<TensorInfo> stored(const std::string& optimizer = "Adagrad") const {
    std::vector<TensorInfo> infos = {
        {"global_step", "global_step", "", "", "", DType::kInt64, {}, 0}};
    for (const auto& [name, shape] : variables) {
      infos.push_back({name, "variable", "", "", "", DType::kFloat32, shape, 0});
      infos.push_back({name + "/t_0/" + optimizer, "slot", name, "accumulator", optimizer,
                       DType::kFloat32, shape, 0});
    }
    return infos;
  }
};

std::string text_of(const State& state, const std::vector<TensorInfo>& stored,
                    bool with_slots = true, const std::string& stored_facts = "{}",
                    const std::string& facts = "{}") {
  const StateComparison comparison(state, stored);
  if (comparison.variables.differences.empty() &&
      (!with_slots || comparison.slots.differences.empty()))
    return "";
  const std::string cause = likely_cause(comparison, {stored, stored_facts}, {state, facts});
  const Error error = mismatch_error(comparison, with_slots, {"d/model.ckpt-1200", cause});
  EXPECT_EQ(error.kind(), "CheckpointMismatchError");
  EXPECT_EQ(error.code(), Code::kInvalidArgument);
  return error.what();
}

void expect_in(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << part << "\nis not in\n" << text;
}

TEST(Mismatch, EqualModelsMatch) {
  const Dnn dnn(4, {10, 10}, 3);
  EXPECT_EQ(text_of(dnn.state(), dnn.stored()), "");
}

TEST(Mismatch, OtherHiddenUnitsNameEveryTensorWithBothShapes) {
  EXPECT_EQ(
      text_of(Dnn(4, {20, 20}, 3).state(), Dnn(4, {10, 10}, 3).stored(), false),
      "Checkpoint d/model.ckpt-1200 does not fit this model (5 differences, 2 variables match):\n"
      "  shape  dnn/hiddenlayer_0/bias    checkpoint [10]      model [20]      axis 0: 10 -> 20\n"
      "  shape  dnn/hiddenlayer_0/kernel  checkpoint [4, 10]   model [4, 20]   axis 1: 10 -> 20\n"
      "  shape  dnn/hiddenlayer_1/bias    checkpoint [10]      model [20]      axis 0: 10 -> 20\n"
      "  shape  dnn/hiddenlayer_1/kernel  checkpoint [10, 10]  model [20, 20]  axis 0: 10 -> 20, "
      "axis 1: 10 -> 20\n"
      "  shape  dnn/logits/kernel         checkpoint [10, 3]   model [20, 3]   axis 0: 10 -> 20\n"
      "Likely cause: hidden_units changed from [10, 10] to [20, 20].\n"
      "To start from these weights anyway: a new model_dir and "
      "warm_start_from=WarmStartSettings(\"d/model.ckpt-1200\", on_mismatch=\"skip\"). To start "
      "over: a new model_dir alone.\n"
      "In TensorFlow's words: tensor_name = dnn/hiddenlayer_0/bias; shape in shape_and_slice spec "
      "[20] does not match the shape stored in checkpoint: [10].");
}

TEST(Mismatch, SlotsThatFollowTheirVariablesAreABlockOfTheirOwn) {
  const std::string text = text_of(Dnn(4, {20}, 3).state(), Dnn(4, {10}, 3).stored());
  expect_in(text, "(3 differences, 2 variables match):\n");
  expect_in(text,
            "The optimizer's slots do not fit either (3 differences), of Adagrad on both sides:\n"
            "  shape  dnn/hiddenlayer_0/bias/t_0/Adagrad    checkpoint [10]     model [20]     ");
  expect_in(text, "  shape  dnn/logits/kernel/t_0/Adagrad ");
}

TEST(Mismatch, AddedLayer) {
  const std::string text = text_of(Dnn(4, {10, 6}, 3).state(), Dnn(4, {10}, 3).stored(), false);
  expect_in(text,
            "missing  dnn/hiddenlayer_1/kernel  not in the checkpoint  model float32 [10, 6]");
  expect_in(text, "hidden_units changed from [10] to [10, 6]");
}

TEST(Mismatch, RemovedLayerIsSeenEvenWhereAllShapesFit) {
  const std::string text = text_of(Dnn(4, {10}, 3).state(), Dnn(4, {10, 10}, 3).stored(), false);
  expect_in(text,
            "unexpected  dnn/hiddenlayer_1/kernel  checkpoint float32 [10, 10]  not in the model");
  expect_in(text, "hidden_units changed from [10, 10] to [10]");
}

TEST(Mismatch, OtherNumberOfClasses) {
  expect_in(text_of(Dnn(4, {10}, 5).state(), Dnn(4, {10}, 3).stored(), false,
                    R"({"head": {"kind": "multi_class"}})"),
            "n_classes was 3 when this checkpoint was written and is 5 now");
  expect_in(text_of(Dnn(4, {10}, 3).state(), Dnn(4, {10}, 1).stored(), false), "n_classes was 2 ");
}

TEST(Mismatch, WhatModelsSayOfThemselvesIsMoreThanTheirLayersTell) {
  Dnn before(4, {}, 3);
  before.variables = {{"my/kernel", {4, 3}}};
  Dnn after = before;
  after.variables = {{"my/kernel", {4, 5}}};
  const auto facts = [](int classes) {
    return R"({"head": {"kind": "multi_class", "n_classes": )" + std::to_string(classes) + "}}";
  };
  expect_in(text_of(after.state(), before.stored(), false, facts(3), facts(5)),
            "Likely cause: n_classes was 3 when this checkpoint was written and is 5 now.\n");
  const std::string unsure = text_of(after.state(), before.stored(), false);
  EXPECT_EQ(unsure.find("Likely cause"), std::string::npos) << unsure;
  EXPECT_NE(text_of(after.state(), before.stored(), false, "[1]", "no JSON"), "");
}

TEST(Mismatch, OtherInputWidth) {
  expect_in(text_of(Dnn(5, {10}, 3).state(), Dnn(4, {10}, 3).stored(), false),
            "the feature columns gave 4 inputs when this checkpoint was written and give 5 now");
}

TEST(Mismatch, UnitsOfLayersWithTheirUsualNames) {
  Dnn before(0, {}, 0);
  before.variables = {{"dense/kernel", {4, 8}}, {"dense_1/kernel", {8, 3}}};
  Dnn after = before;
  after.variables = {{"dense/kernel", {5, 9}}, {"dense_1/kernel", {9, 3}}};
  expect_in(text_of(after.state(), before.stored(), false),
            "Likely cause: the units of the dense layers changed from [8, 3] to [9, 3]; the "
            "features gave 4 inputs when this checkpoint was written and give 5 now.\n");
}

TEST(Mismatch, OtherOptimizerIsABlockOfItsOwn) {
  Dnn dnn(4, {}, 3);
  EXPECT_EQ(text_of(dnn.state("Adam"), dnn.stored("Adagrad")),
            "Checkpoint d/model.ckpt-1200 does not fit this model (0 differences, 3 variables "
            "match).\n"
            "The variables fit; the optimizer's slots do not (4 differences): the checkpoint was "
            "trained with Adagrad, the model uses Adam:\n"
            "  missing     dnn/logits/bias/t_0/Adam       not in the checkpoint      model float32 "
            "[3]\n"
            "  missing     dnn/logits/kernel/t_0/Adam     not in the checkpoint      model float32 "
            "[4, 3]\n"
            "  unexpected  dnn/logits/bias/t_0/Adagrad    checkpoint float32 [3]     not in the "
            "model\n"
            "  unexpected  dnn/logits/kernel/t_0/Adagrad  checkpoint float32 [4, 3]  not in the "
            "model\n"
            "To continue with these variables and fresh slots: "
            "RunConfig(restore_optimizer=\"reset\"). To continue exactly: use the optimizer of the "
            "checkpoint.\n"
            "In TensorFlow's words: Key dnn/logits/bias/t_0/Adam not found in checkpoint.");
  EXPECT_EQ(text_of(dnn.state("Adam"), dnn.stored("Adagrad"), false), "");
  expect_in(text_of(dnn.state(""), dnn.stored("Adagrad")),
            "the model uses an optimizer without slots");
}

TEST(Mismatch, RenamedLayersAreSuggestedEachOnce) {
  Dnn before(0, {}, 0);
  before.variables = {{"a/one/kernel", {4, 4}}, {"a/two/kernel", {4, 4}}, {"a/two/bias", {4}}};
  Dnn after = before;
  after.variables = {{"b/one/kernel", {4, 4}}, {"b/two/kernel", {4, 4}}, {"b/two/bias", {4}}};
  const std::string text = text_of(after.state(), before.stored(), false);
  expect_in(text,
            "b/one/kernel  not in the checkpoint      model float32 [4, 4]  renamed? checkpoint "
            "has a/one/kernel\n");
  expect_in(text, "renamed? checkpoint has a/two/bias\n");
  expect_in(text,
            "Likely cause: the layer \"a/one\" is named \"b/one\" now; the layer \"a/two\" is "
            "named \"b/two\" now.\n");
  expect_in(text,
            "var_name_to_prev_var_name={\"b/one/kernel\": \"a/one/kernel\", \"b/two/bias\": "
            "\"a/two/bias\", \"b/two/kernel\": \"a/two/kernel\"}, on_mismatch=\"skip\")");
}

TEST(Mismatch, DTypeAndShapeOfOneTensorAreBothNamed) {
  const Dnn dnn(4, {}, 3);
  std::vector<TensorInfo> stored = dnn.stored();
  for (TensorInfo& info : stored) {
    if (info.name == "dnn/logits/bias") {
      info.dtype = DType::kFloat64;
      info.shape = {5};
    }
  }
  const std::string text = text_of(dnn.state(), stored, false);
  expect_in(text, "(2 differences, 2 variables match)");
  expect_in(text,
            "  shape  dnn/logits/bias  checkpoint [5]      model [3]      axis 0: 5 -> 3\n"
            "  dtype  dnn/logits/bias  checkpoint float64  model float32\n");
  expect_in(text, "the dtype of variables changed from float64 to float32");
}

TEST(Mismatch, AVocabularyThatHasGrown) {
  Graph graph;
  graph.add(
      "variable", {},
      {{"dtype", std::string("int64")}, {"shape", Shape{5}}, {"role", std::string("vocabulary")}},
      "words");
  const std::vector<TensorInfo> stored = {
      {"words", "vocabulary", "", "", "", DType::kInt64, {3}, 0}};
  const std::string text = text_of(State(graph, 1), stored);
  expect_in(text,
            "  vocabulary  words  checkpoint [3]  model [5]  axis 0: 3 -> 5\n"
            "Likely cause: the vocabulary \"words\" had 3 entries when this checkpoint was "
            "written and has 5 now.\n");
}

}  // namespace
}  // namespace holdfast
