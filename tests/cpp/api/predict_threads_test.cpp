// One model, eight threads: every call gets the bits that one thread gets. Run under
// ThreadSanitizer by tests/tsan.sh.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <thread>

#include "holdfast/model.h"
#include "holdfast/saved_model.h"

namespace holdfast {
namespace {

constexpr int kThreads = 8;
constexpr int kCalls = 30;  // of each thread
constexpr std::int64_t kBatches[] = {1, 2, 17, 0, 300};

const std::string kExports = HOLDFAST_GOLDEN_DIR "/v1/exports/";

// Rows of every dtype that follow from (first, rows) alone.
TensorMap rows_of(const Signature& signature, std::int64_t first, std::int64_t rows) {
  TensorMap inputs;
  for (const SignatureTensor& input : signature.inputs) {
    Shape shape = input.shape;
    shape[0] = rows;
    Tensor values(input.dtype, shape);
    for (std::int64_t i = 0; i < values.size(); ++i) {
      const std::int64_t n = (first * 31 + i * 7) % 83;
      if (input.dtype == DType::kFloat32)
        values.data<float>()[i] = static_cast<float>(n) / 10.0f;
      else
        values.data<std::string>()[i] = std::string(static_cast<std::size_t>(n % 3), 'a');
    }
    inputs.emplace(input.name, values);
  }
  return inputs;
}

bool same(const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype() || a.shape() != b.shape()) return false;
  if (a.dtype() == DType::kString)
    return std::equal(a.data<std::string>(), a.data<std::string>() + a.size(),
                      b.data<std::string>());
  return a.bytes() == 0 || std::memcmp(a.raw(), b.raw(), a.bytes()) == 0;
}

bool same(const TensorMap& a, const TensorMap& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& one, const auto& other) {
    return one.first == other.first && same(one.second, other.second);
  });
}

// Runs `body(thread)` in eight threads at once.
template <typename Body>
void in_threads(const Body& body) {
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int t = 0; t < kThreads; ++t) threads.emplace_back([&body, t] { body(t); });
  for (std::thread& thread : threads) thread.join();
}

// Every thread has other rows and another order of batch sizes.
void expect_one_threads_bits(const Model& model) {
  std::vector<std::vector<TensorMap>> expected(kThreads);
  const auto inputs_of = [&](int thread, int call) {
    const std::int64_t rows = kBatches[(thread + call) % static_cast<int>(std::size(kBatches))];
    return rows_of(model.signature(), thread * 100 + call, rows);
  };
  for (int t = 0; t < kThreads; ++t)
    for (int call = 0; call < kCalls; ++call)
      expected[static_cast<std::size_t>(t)].push_back(model.predict(inputs_of(t, call)));
  in_threads([&](int t) {
    for (int call = 0; call < kCalls; ++call) {
      const auto at = static_cast<std::size_t>(call);
      EXPECT_TRUE(
          same(model.predict(inputs_of(t, call)), expected[static_cast<std::size_t>(t)][at]))
          << "thread " << t << ", call " << call;
    }
  });
}

TEST(PredictThreads, GetOneThreadsBits) {
  expect_one_threads_bits(Model::load(kExports + "iris"));
  expect_one_threads_bits(Model::load(kExports + "words"));
}

// 64-512-512-8: a batch of 300 is split over the threads of the pool, which all callers share.
SavedModelContents wide() {
  SavedModelContents contents;
  Graph& graph = contents.graph;
  const NodeId x = graph.add("placeholder", {},
                             {{"dtype", std::string("float32")}, {"shape", Shape{-1, 64}}}, "x");
  NodeId net = x;
  std::int64_t inputs = 64;
  for (const std::int64_t units : {512, 512, 8}) {
    const std::string name = "kernel_" + std::to_string(contents.variables.size());
    const Attributes attributes = {{"dtype", std::string("float32")},
                                   {"shape", Shape{inputs, units}},
                                   {"role", std::string("variable")},
                                   {"initializer", std::string("zeros")}};
    NamedTensor kernel;
    kernel.name = name;
    kernel.role = "variable";
    kernel.value = Tensor(DType::kFloat32, {inputs, units});
    for (std::int64_t i = 0; i < kernel.value.size(); ++i)
      kernel.value.data<float>()[i] = static_cast<float>(i * 2654435761 % 1009 - 504) * 1e-4f;
    contents.variables.push_back(kernel);
    net = graph.add("dense", {net, graph.add("variable", {}, attributes, name)});
    if (units != 8) net = graph.add("relu", {net});
    inputs = units;
  }
  NamedTensor step;
  step.name = step.role = "global_step";
  step.value = Tensor(DType::kInt64, {});
  contents.variables.push_back(step);
  contents.signatures.push_back(
      {"predict", kPredictMethod, {{"x", x}}, {{"p", graph.add("softmax", {net})}}});
  return contents;
}

TEST(PredictThreads, ShareThePoolThatSplitsLargeBatches) {
  std::string folder = (std::filesystem::temp_directory_path() / "holdfast-wide-XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const std::string path = write_saved_model(folder, wide(), {Durability::kProcess, 1});
  expect_one_threads_bits(Model::load(path, {/*threads=*/3}));
  std::filesystem::remove_all(folder);
}

TEST(PredictThreads, HavePredictorsOfTheirOwn) {
  const Model model = Model::load(kExports + "iris", {/*threads=*/1});
  constexpr std::int64_t kRows = 5;
  in_threads([&](int t) {
    Predictor predictor(model, {"", kRows, {}, 1});
    for (int call = 0; call < kCalls; ++call) {
      const TensorMap inputs = rows_of(model.signature(), t * 100 + call, kRows);
      for (const auto& [name, values] : inputs)
        std::memcpy(predictor.input(name).raw(), values.raw(), values.bytes());
      predictor.run();
      for (const auto& [name, values] : model.predict(inputs))
        EXPECT_TRUE(same(predictor.output(name), values)) << name;
    }
  });
}

TEST(PredictThreads, TheLastOneMayLetGoOfTheModel) {
  for (int round = 0; round < 5; ++round) {
    std::optional<Model> model = Model::load(kExports + "words");
    std::vector<std::thread> threads;
    threads.reserve(kThreads);
    for (int t = 0; t < kThreads; ++t)
      threads.emplace_back([copy = *model, t] {
        EXPECT_FALSE(copy.predict(rows_of(copy.signature(), t, 3)).empty());
      });
    model.reset();
    for (std::thread& thread : threads) thread.join();
  }
}

TEST(PredictThreads, MayAllLoadAtOnce) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(kExports + "iris")) {
    std::ifstream file(entry.path(), std::ios::binary);
    files[entry.path().filename()] = {std::istreambuf_iterator<char>(file), {}};
  }
  const Model model = Model::load(files);
  const TensorMap inputs = rows_of(model.signature(), 1, 17);
  const TensorMap expected = model.predict(inputs);
  in_threads([&](int) { EXPECT_TRUE(same(Model::load(files).predict(inputs), expected)); });
}

}  // namespace
}  // namespace holdfast
