#include "runtime/mismatch.h"

#include <gtest/gtest.h>

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
                    bool with_slots = true, const std::string& model = "{}") {
  try {
    expect_match(state, stored, with_slots, "d/model.ckpt-1200", model);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), "CheckpointMismatchError");
    EXPECT_EQ(error.code(), Code::kInvalidArgument);
    return error.what();
  }
  return "";
}

TEST(Mismatch, EqualModelsMatch) {
  const Dnn dnn(4, {10, 10}, 3);
  EXPECT_EQ(text_of(dnn.state(), dnn.stored()), "");
}

TEST(Mismatch, OtherHiddenUnitsNameEveryTensorWithBothShapes) {
  const std::string text =
      text_of(Dnn(4, {20, 20}, 3).state(), Dnn(4, {10, 10}, 3).stored(), false);
  EXPECT_EQ(
      text,
      "Checkpoint d/model.ckpt-1200 does not fit this model (5 differences, 2 variables "
      "match):\n"
      "  shape       dnn/hiddenlayer_0/bias    checkpoint [10]    model [20]    axis 0: 10 -> 20\n"
      "  shape       dnn/hiddenlayer_0/kernel  checkpoint [4, 10]    model [4, 20]    axis 1: "
      "10 -> 20\n"
      "  shape       dnn/hiddenlayer_1/bias    checkpoint [10]    model [20]    axis 0: 10 -> 20\n"
      "  shape       dnn/hiddenlayer_1/kernel  checkpoint [10, 10]    model [20, 20]    axis 0: "
      "10 -> 20, axis 1: 10 -> 20\n"
      "  shape       dnn/logits/kernel         checkpoint [10, 3]    model [20, 3]    axis 0: "
      "10 -> 20\n"
      "Likely cause: hidden_units changed from [10, 10] to [20, 20].\n"
      "To continue: build the model as it was when the checkpoint was written. To start over: "
      "use a new model_dir.");
}

TEST(Mismatch, SlotsAreNamedToo) {
  const std::string text = text_of(Dnn(4, {20}, 3).state(), Dnn(4, {10}, 3).stored());
  EXPECT_NE(text.find("(6 differences, 3 variables match)"), std::string::npos) << text;
  EXPECT_NE(text.find("dnn/logits/kernel/t_0/Adagrad"), std::string::npos) << text;
}

TEST(Mismatch, AddedLayer) {
  const std::string text = text_of(Dnn(4, {10, 6}, 3).state(), Dnn(4, {10}, 3).stored(), false);
  EXPECT_NE(text.find("missing     dnn/hiddenlayer_1/kernel  not in the checkpoint; model has "
                      "float32 [10, 6]"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("hidden_units changed from [10] to [10, 6]"), std::string::npos) << text;
}

TEST(Mismatch, RemovedLayerIsSeenEvenWhereAllShapesFit) {
  const std::string text = text_of(Dnn(4, {10}, 3).state(), Dnn(4, {10, 10}, 3).stored(), false);
  EXPECT_NE(text.find("unexpected  dnn/hiddenlayer_1/kernel  checkpoint has float32 [10, 10]; not "
                      "in the model"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("hidden_units changed from [10, 10] to [10]"), std::string::npos) << text;
}

TEST(Mismatch, OtherNumberOfClasses) {
  const std::string text = text_of(Dnn(4, {10}, 5).state(), Dnn(4, {10}, 3).stored(), false,
                                   R"({"head": {"kind": "multi_class"}})");
  EXPECT_NE(text.find("n_classes was 3 when this checkpoint was written and is 5 now"),
            std::string::npos)
      << text;
  const std::string binary = text_of(Dnn(4, {10}, 3).state(), Dnn(4, {10}, 1).stored(), false);
  EXPECT_NE(binary.find("n_classes was 2 "), std::string::npos) << binary;
}

TEST(Mismatch, OtherInputWidth) {
  const std::string text = text_of(Dnn(5, {10}, 3).state(), Dnn(4, {10}, 3).stored(), false);
  EXPECT_NE(text.find("the feature columns gave 4 inputs when this checkpoint was written and give "
                      "5 now"),
            std::string::npos)
      << text;
}

TEST(Mismatch, OtherOptimizerIsABlockOfItsOwn) {
  const Dnn dnn(4, {10}, 3);
  const std::string text = text_of(dnn.state("Adam"), dnn.stored("Adagrad"));
  EXPECT_NE(text.find("The variables fit; the optimizer's slots do not: the checkpoint was trained "
                      "with Adagrad, the model uses Adam."),
            std::string::npos)
      << text;
  EXPECT_EQ(text_of(dnn.state("Adam"), dnn.stored("Adagrad"), false), "");
  const std::string plain = text_of(dnn.state(""), dnn.stored("Adagrad"));
  EXPECT_NE(plain.find("the model uses an optimizer without slots"), std::string::npos) << plain;
}

TEST(Mismatch, RenamedVariableIsSuggested) {
  Dnn before(4, {}, 3);
  Dnn after = before;
  after.variables[0].first = "tower/logits/kernel";
  const std::string text = text_of(after.state(), before.stored(), false);
  EXPECT_NE(text.find("renamed? the checkpoint has dnn/logits/kernel of this dtype and shape"),
            std::string::npos)
      << text;
}

}  // namespace
}  // namespace holdfast
