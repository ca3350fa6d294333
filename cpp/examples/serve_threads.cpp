// One model, many threads: serve_threads EXPORT_DIR THREADS ROWS
//
// Each thread has a Predictor of its own, which allocates nothing per row, and predicts the same
// ROWS rows. No thread waits for another, and all of them get the same bits.
#include <holdfast/model.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <thread>
#include <vector>

// The sum of the first output over `rows` rows of made-up numbers.
double predict_rows(const holdfast::Model& model, int rows) {
  holdfast::Predictor predictor(model);
  std::vector<float*> inputs;
  for (std::size_t i = 0; i < predictor.signature().inputs.size(); ++i) {
    inputs.push_back(predictor.input(i).data<float>());
  }
  const holdfast::Tensor& output = predictor.output("probabilities");
  double sum = 0.0;
  for (int row = 0; row < rows; ++row) {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      *inputs[i] = static_cast<float>((row + 7 * static_cast<int>(i)) % 80) / 10.0f;
    }
    predictor.run();
    sum += static_cast<double>(output.data<float>()[0]);
  }
  return sum;
}

int main(int argc, char** argv) try {
  if (argc != 4) throw std::runtime_error("expected EXPORT_DIR THREADS ROWS");
  const auto threads = static_cast<std::size_t>(std::atoi(argv[2]));
  const int rows = std::atoi(argv[3]);
  // 1: a call stays on the thread that made it, as the parallelism is here.
  const auto model = holdfast::Model::load(argv[1], {/*threads=*/1});

  const auto start = std::chrono::steady_clock::now();
  std::vector<double> sums(threads);
  std::vector<std::thread> workers;
  for (std::size_t t = 0; t < threads; ++t) {
    workers.emplace_back([&, t] { sums[t] = predict_rows(model, rows); });
  }
  for (std::thread& worker : workers) worker.join();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;

  for (const double sum : sums) {
    if (sum != sums[0]) throw std::runtime_error("two threads got different results");
  }
  std::printf("%zu threads, %.0f rows/s, sum %.9g\n", threads,
              static_cast<double>(threads) * rows / took.count(), sums[0]);
} catch (const std::exception& error) {
  std::fprintf(stderr, "serve_threads: %s\n", error.what());
  return 1;
}
