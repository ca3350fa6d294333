// Training steps wide enough to be split: the threads give one thread's bits. Run under
// ThreadSanitizer by tests/tsan.sh.
#include <gtest/gtest.h>

#include <cstring>
#include <thread>

#include "holdfast/trainer.h"
#include "runtime/array_input.h"

namespace holdfast {
namespace {

constexpr std::int64_t kBatch = 192, kInputs = 40, kUnits = 256, kClasses = 7;

NodeId variable(Graph& graph, const std::string& name, const Shape& shape, const char* role,
                const char* initializer, const char* dtype = "float32") {
  Attributes attributes = {{"dtype", std::string(dtype)},
                           {"shape", shape},
                           {"role", std::string(role)},
                           {"initializer", std::string(initializer)}};
  if (std::strcmp(initializer, "constant") == 0) attributes["value"] = 0.1;
  return graph.add("variable", {}, attributes, name);
}

// Two hidden layers with dropout, softmax cross-entropy, Adagrad.
struct Net {
  Graph graph;
  NodeId x;
  NodeId labels;
  NodeId train;
  NodeId loss;

  Net() {
    x = graph.add("placeholder", {},
                  {{"dtype", std::string("float32")}, {"shape", Shape{-1, kInputs}}}, "x");
    labels = graph.add("placeholder", {}, {{"dtype", std::string("int64")}, {"shape", Shape{-1}}},
                       "labels");
    NodeId net = x;
    std::int64_t inputs = kInputs;
    std::vector<NodeId> kernels;
    for (const std::int64_t units : {kUnits, kUnits, kClasses}) {
      const std::string name = "layer_" + std::to_string(kernels.size());
      kernels.push_back(variable(graph, name, {inputs, units}, "variable", "glorot_uniform"));
      net = graph.add("dense", {net, kernels.back()});
      if (units == kClasses) break;
      net = graph.add("tanh", {net});
      net = graph.add("dropout", {net}, {{"rate", 0.25}, {"stream", name}});
      inputs = units;
    }
    loss = graph.add("reduce_sum", {graph.add("sparse_softmax_cross_entropy", {net, labels})});
    const NodeId rate = graph.add("constant", {},
                                  {{"dtype", std::string("float32")},
                                   {"shape", Shape{}},
                                   {"values", std::vector<double>{0.05}}});
    std::vector<NodeId> all;
    const std::vector<NodeId> gradients = graph.gradients(loss, kernels);
    for (std::size_t i = 0; i < kernels.size(); ++i) {
      const Node& kernel = graph.node(kernels[i]);
      const NodeId slot =
          variable(graph, kernel.name + "/Adagrad", kernel.type.shape, "slot", "constant");
      all.push_back(graph.add("apply_adagrad", {kernels[i], slot, rate, gradients[i]}));
    }
    train = graph.add("group", all);
  }
};

std::shared_ptr<Input> batches(int count) {
  std::vector<std::vector<Tensor>> list;
  std::uint32_t word = 1;
  for (int b = 0; b < count; ++b) {
    Tensor x(DType::kFloat32, {kBatch, kInputs});
    Tensor labels(DType::kInt64, {kBatch});
    for (std::int64_t i = 0; i < x.size(); ++i) {
      word = word * 1664525u + 1013904223u;  // Numerical Recipes' generator
      x.data<float>()[i] = static_cast<float>(word >> 8) * 0x1p-23f - 1.0f;
    }
    for (std::int64_t i = 0; i < kBatch; ++i)
      labels.data<std::int64_t>()[i] = (i * 5 + b) % kClasses;
    list.push_back({x, labels});
  }
  return std::make_shared<ArrayInput>(list);
}

std::vector<float> weights_after(int steps, int threads) {
  const Net net;
  Trainer trainer(net.graph, {7, threads});
  trainer.set_input(batches(steps), {net.x, net.labels});
  EXPECT_EQ(trainer.run(steps, {net.train}, {}, net.loss).steps, steps);
  std::vector<float> all;
  for (const std::string& name : trainer.variable_names()) {
    const Tensor value = trainer.read_variable(name);
    all.insert(all.end(), value.data<float>(), value.data<float>() + value.size());
  }
  return all;
}

TEST(Threads, GiveOneThreadsBits) {
  const std::vector<float> one = weights_after(6, 1);
  for (const int threads : {2, 3}) {
    const std::vector<float> several = weights_after(6, threads);
    ASSERT_EQ(several.size(), one.size());
    EXPECT_EQ(std::memcmp(several.data(), one.data(), one.size() * sizeof(float)), 0) << threads;
  }
}

TEST(Threads, OfTwoTrainersTrainSideBySide) {
  const std::vector<float> alone = weights_after(3, 2);
  std::vector<float> results[2];
  {
    std::thread other([&] { results[0] = weights_after(3, 2); });
    results[1] = weights_after(3, 2);
    other.join();
  }
  EXPECT_EQ(results[0], alone);
  EXPECT_EQ(results[1], alone);
}

TEST(Threads, AStopAskedForByAnotherThreadEndsTheRun) {
  const Net net;
  Trainer trainer(net.graph, {7, 2});
  trainer.set_input(batches(200), {net.x, net.labels});
  std::thread asking([&] { trainer.request_stop(); });
  const RunResult result = trainer.run(200, {net.train}, {}, net.loss);
  asking.join();
  EXPECT_LE(result.steps, 200);  // a stop asked for before the run began is not this run's
}

}  // namespace
}  // namespace holdfast
