// Trains and exports a classifier of flowers, without Python:
//   train_iris TABLE.csv MODEL_DIR STEPS [EXPORT_BASE]
//
// It is Python's DNNClassifier(hidden_units=[10, 10]) with tf_random_seed=1 and the input
// from_tensor_slices((features, labels)).shuffle(1000).repeat().batch(32), variable by variable:
// each of the two programs continues what the other has trained, bit for bit.
#include <holdfast/dataset.h>
#include <holdfast/layers.h>
#include <holdfast/losses.h>
#include <holdfast/model.h>
#include <holdfast/optimizers.h>
#include <holdfast/saved_model.h>
#include <holdfast/trainer.h>

#include <cstdio>
#include <optional>

#include "iris_table.h"

int main(int argc, char** argv) try {
  if (argc != 4 && argc != 5) throw std::runtime_error("TABLE.csv MODEL_DIR STEPS [EXPORT_BASE]");
  const std::string model_dir = argv[2];

  holdfast::Graph graph;
  std::vector<holdfast::NodeId> fed;
  holdfast::SignatureNodes signature = {"predict", holdfast::kPredictMethod, {}, {}};
  for (const std::string& name : kFeatures) {
    fed.push_back(placeholder(graph, name, holdfast::DType::kFloat32, {-1}));
    signature.inputs[name] = fed.back();
  }
  auto net = input_layer(graph, fed);
  net = dense(graph, net, 10, "dnn/hiddenlayer_0", {"relu"});
  net = dense(graph, net, 10, "dnn/hiddenlayer_1", {"relu"});
  const auto logits = dense(graph, net, 3, "dnn/logits");
  signature.outputs = {{"probabilities", graph.add("softmax", {logits})}};
  const auto labels = placeholder(graph, "labels", holdfast::DType::kInt64, {-1});
  fed.push_back(labels);
  const auto loss = sparse_softmax_cross_entropy(graph, labels, logits, holdfast::Reduction::kSum);
  const auto step = minimize(graph, loss, holdfast::AdagradOptimizer{0.05, 0.1, "t_0"});

  holdfast::Trainer trainer(graph, {/*seed=*/1});
  holdfast::CheckpointWriter writer(model_dir);  // locks the directory
  std::optional<holdfast::CheckpointReader> newest;
  if (holdfast::latest_checkpoint(model_dir)) {
    newest.emplace(holdfast::CheckpointReader::open_latest(model_dir));
    trainer.restore(*newest);
  }

  auto names = kFeatures;
  names.emplace_back("component 1");  // what Python calls labels without a name
  const auto batches =
      holdfast::Dataset::from_table(read_iris(argv[1]), names).shuffle(1000).repeat().batch(32);
  trainer.set_input(batches.make_input(trainer.seed()), fed);
  if (newest) trainer.resume_input(*newest);

  const auto run = trainer.run(std::atoll(argv[3]), {step}, {}, /*watch=*/loss);
  const auto contents =
      newest ? trainer.contents(newest->state_json(), newest->model_json()) : trainer.contents();
  std::printf("loss %.9g\n%s\n", static_cast<double>(run.watched), writer.save(contents).c_str());
  if (argc == 5) {
    holdfast::SavedModelContents model;
    model.graph = graph;
    model.signatures = {signature};
    model.variables = contents.tensors;
    std::printf("%s\n", holdfast::write_saved_model(argv[4], model).c_str());
  }
} catch (const std::exception& error) {
  std::fprintf(stderr, "train_iris: %s\n", error.what());
  return 1;
}
