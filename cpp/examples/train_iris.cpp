// Trains a classifier of flowers without Python: train_iris TABLE.csv MODEL_DIR STEPS
//
// It is Python's DNNClassifier(hidden_units=[10, 10]) with tf_random_seed=1 and the input
// from_tensor_slices((features, labels)).shuffle(1000).repeat().batch(32), variable by variable:
// each of the two programs continues what the other has trained, bit for bit.
#include <holdfast/checkpoint.h>
#include <holdfast/dataset.h>
#include <holdfast/layers.h>
#include <holdfast/losses.h>
#include <holdfast/optimizers.h>
#include <holdfast/trainer.h>

#include <cstdio>
#include <exception>
#include <optional>

#include "iris_table.h"

int main(int argc, char** argv) try {
  if (argc != 4) {
    std::fprintf(stderr, "usage: train_iris TABLE.csv MODEL_DIR STEPS\n");
    return 2;
  }
  const std::string model_dir = argv[2];

  holdfast::Graph graph;
  std::vector<holdfast::NodeId> features;
  for (const std::string& name : kFeatures) {
    features.push_back(placeholder(graph, name, holdfast::DType::kFloat32, {-1}));
  }
  const auto labels = placeholder(graph, "labels", holdfast::DType::kInt64, {-1});
  auto net = input_layer(graph, features);
  net = dense(graph, net, 10, "dnn/hiddenlayer_0", {"relu"});
  net = dense(graph, net, 10, "dnn/hiddenlayer_1", {"relu"});
  const auto logits = dense(graph, net, 3, "dnn/logits");
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
  auto fed = features;
  fed.push_back(labels);
  trainer.set_input(batches.make_input(trainer.seed()), fed);
  if (newest) trainer.resume_input(*newest);

  const auto run = trainer.run(std::atoll(argv[3]), {step}, {}, /*watch=*/loss);
  const auto contents =
      newest ? trainer.contents(newest->state_json(), newest->model_json()) : trainer.contents();
  std::printf("loss %.9g, %s\n", static_cast<double>(run.watched), writer.save(contents).c_str());
} catch (const std::exception& error) {
  std::fprintf(stderr, "train_iris: %s\n", error.what());
  return 1;
}
