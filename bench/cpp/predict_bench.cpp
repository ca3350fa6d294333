// Predictions of a loaded model from C++, for bench/python/predict.py, which compares the answers
// and takes turns with onnxruntime. Prints one line of JSON.
// Usage: predict_bench EXPORT_DIR ROWS BATCH CALLS, where ROWS holds float32 rows of input "x".
#include <chrono>
#include <cstring>

#include "bench.h"
#include "holdfast/model.h"

namespace holdfast::bench {
namespace {

constexpr std::size_t kSlices = 64;  // different batches, as in bench/python/workloads.py

std::vector<float> floats_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  check(file.good(), "reading " + path);
  std::vector<float> values(static_cast<std::size_t>(file.tellg()) / sizeof(float));
  file.seekg(0);
  file.read(reinterpret_cast<char*>(values.data()),
            static_cast<std::streamsize>(values.size() * sizeof(float)));
  return values;
}

int run(const char* const* words) {
  const std::vector<float> rows = floats_of(words[1]);
  PredictorOptions options;
  options.signature = "predict";
  options.outputs = {"probabilities"};
  options.batch = std::atoll(words[2]);
  const std::int64_t calls = std::atoll(words[3]);

  Predictor predictor(Model::load(words[0]), options);
  Tensor& x = predictor.input("x");
  const Tensor& probabilities = predictor.output(0);
  const auto width = static_cast<std::size_t>(x.shape().back());
  const std::size_t slice = static_cast<std::size_t>(options.batch) * width;
  const std::size_t slices = std::min(kSlices, rows.size() / slice);
  check(slices > 0, "a batch of rows");
  const auto predict = [&](std::size_t i) {
    std::memcpy(x.data<float>(), rows.data() + i % slices * slice, slice * sizeof(float));
    predictor.run();
    return probabilities.data<float>()[0];
  };

  volatile float keep = predict(0);  // so that no call is left out
  static_cast<void>(keep);
  std::printf(R"({"probabilities": [)");
  for (std::int64_t j = 0; j < probabilities.shape().back(); ++j)
    std::printf("%s%.9g", j == 0 ? "" : ", ", static_cast<double>(probabilities.data<float>()[j]));
  const auto started = std::chrono::steady_clock::now();
  for (std::int64_t i = 0; i < calls; ++i) keep = predict(static_cast<std::size_t>(i));
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started;
  std::printf(R"(], "seconds": %.9g})", seconds.count());
  std::printf("\n");
  return 0;
}

}  // namespace
}  // namespace holdfast::bench

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: predict_bench EXPORT_DIR ROWS BATCH CALLS\n");
    return 2;
  }
  return holdfast::bench::run(argv + 1);
}
