// A training that goes on from an export alone: its graph, its variables, a loss on top; then a
// checkpoint and an export of what came of it.
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "holdfast/checkpoint.h"
#include "holdfast/layers.h"
#include "holdfast/losses.h"
#include "holdfast/model.h"
#include "holdfast/optimizers.h"
#include "holdfast/saved_model.h"
#include "holdfast/trainer.h"
#include "io/testing_io.h"
#include "runtime/array_input.h"
#include "testing.h"

namespace holdfast {
namespace {

const std::string kExport = HOLDFAST_GOLDEN_DIR "/v1/exports/iris";
const char* const kFeatures[] = {"SepalLength", "SepalWidth", "PetalLength", "PetalWidth"};
const char* const kSpecies[] = {"setosa", "versicolor", "virginica"};
constexpr std::int64_t kRows = 150;

// The flowers of tests/golden/v1/exports/iris.txt: four features, and the class the export
// predicts, as labels.
std::vector<Tensor> flowers() {
  std::vector<Tensor> columns(4);
  for (Tensor& column : columns) column = Tensor(DType::kFloat32, {kRows});
  columns.emplace_back(DType::kInt64, Shape{kRows});
  std::ifstream file(kExport + ".txt");
  std::string line;
  for (std::int64_t row = 0; std::getline(file, line); ++row) {
    std::istringstream in(line);
    std::string word;
    for (std::size_t i = 0; i < 7; ++i) {
      in >> word;
      if (i < 4) columns[i].data<float>()[row] = std::strtof(word.c_str(), nullptr);
    }
    in >> word;
    for (std::int64_t i = 0; i < 3; ++i)
      if (word == kSpecies[i]) columns[4].data<std::int64_t>()[row] = i;
  }
  return columns;
}

// The mean of -log p of the labels.
double loss_of(const Model& model) {
  const std::vector<Tensor> columns = flowers();
  TensorMap inputs;
  for (std::size_t i = 0; i < 4; ++i) inputs.emplace(kFeatures[i], columns[i]);
  const Tensor p = model.predict(inputs).at("probabilities");
  double sum = 0;
  for (std::int64_t row = 0; row < kRows; ++row)
    sum -= std::log(p.data<float>()[row * 3 + columns[4].data<std::int64_t>()[row]]);
  return sum / static_cast<double>(kRows);
}

// The export's graph with a loss and an optimizer, at the export's values.
struct Training {
  Graph graph;
  std::vector<NodeId> fed;
  NodeId loss;
  NodeId step;

  explicit Training(const Model& model) : graph(model.graph()) {
    for (const char* name : kFeatures) fed.push_back(graph.find(name));
    fed.push_back(placeholder(graph, "labels", DType::kInt64, {-1}));
    loss = sparse_softmax_cross_entropy(graph, fed.back(), graph.find("dnn/logits/BiasAdd"));
    step = minimize(graph, loss, AdagradOptimizer{});
  }
  Trainer trainer(const Model& model) const {
    Trainer made(graph, {1, 1});
    for (const NamedTensor& variable : model.variables())
      made.write_variable(variable.name, variable.value);
    feed(made);
    return made;
  }
  void feed(Trainer& trainer) const {
    trainer.set_input(
        std::make_shared<ArrayInput>(std::vector<std::vector<Tensor>>(200, flowers())), fed);
  }
  std::string write(const std::string& base, const Trainer& trainer, const Model& model) const {
    SavedModelContents contents;
    contents.graph = graph;
    SignatureNodes nodes{"predict", kPredictMethod, {}, {}};
    const Signature& signature = model.signature();
    for (const SignatureTensor& input : signature.inputs) nodes.inputs[input.name] = input.node;
    for (const SignatureTensor& output : signature.outputs)
      nodes.outputs.emplace_back(output.name, output.node);
    contents.signatures = {nodes};
    contents.variables = trainer.contents().tensors;
    return write_saved_model(base, contents, {Durability::kProcess, 1});
  }
};

TEST(TrainFromExport, BeginsWhereTheExportIs) {
  const Model model = Model::load(kExport);
  const Training training(model);
  Trainer trainer = training.trainer(model);
  EXPECT_EQ(trainer.global_step(), 300);
  const RunResult first = trainer.run(1, {training.step}, {}, training.loss);
  EXPECT_NEAR(first.watched, loss_of(model), 1e-5);  // a loss from logits, not from probabilities
}

TEST(TrainFromExport, LearnsAndIsExportedAgain) {
  const io::TemporaryFolder folder;
  const Model model = Model::load(kExport);
  const Training training(model);
  Trainer trainer = training.trainer(model);
  trainer.run(100, {training.step}, {}, training.loss);
  const Model better = Model::load(training.write(folder.path(), trainer, model));
  EXPECT_EQ(better.global_step(), 400);
  EXPECT_LT(loss_of(better), 0.8 * loss_of(model));
  std::vector<std::string> names;
  for (const NamedTensor& variable : better.variables()) names.push_back(variable.name);
  EXPECT_EQ(names.size(), model.variables().size()) << "slots of the optimizer stay out";
  EXPECT_EQ(better.signature().outputs.size(), model.signature().outputs.size());
}

TEST(TrainFromExport, ContinuesFromItsCheckpointToTheSameBits) {
  const io::TemporaryFolder folder;
  const Model model = Model::load(kExport);
  const Training training(model);
  Trainer once = training.trainer(model);
  once.run(60, {training.step}, {}, training.loss);

  Trainer begun = training.trainer(model);
  begun.run(30, {training.step}, {}, training.loss);
  CheckpointWriter writer(folder / "model");
  writer.save(begun.contents());
  Trainer continued(training.graph, {1, 1});
  const CheckpointReader reader = CheckpointReader::open_latest(folder / "model");
  continued.restore(reader);
  training.feed(continued);
  continued.run(30, {training.step}, {}, training.loss);

  for (const std::string& name : once.variable_names()) {
    const Tensor a = once.read_variable(name);
    const Tensor b = continued.read_variable(name);
    ASSERT_EQ(a.bytes(), b.bytes());
    EXPECT_EQ(std::memcmp(a.raw(), b.raw(), a.bytes()), 0) << name;
  }
}

}  // namespace
}  // namespace holdfast
