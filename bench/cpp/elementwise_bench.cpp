// Speed of the passes over arrays of 64 MiB, each beside what memory gives to a pass that reads and
// writes as many arrays and computes nothing; the two take turns. Also in the cache (16 KiB), where
// arithmetic is the limit: "at most" is the share of the memory's speed that is left if the two
// overlap without loss. Usage: elementwise_bench [isa [part of a kernel's name]]
#include <chrono>
#include <cmath>
#include <cstring>
#include <functional>

#include "base/large_buffer.h"
#include "base/thread_pool.h"
#include "bench.h"
#include "kernels/kernels.h"
#include "memory_streams.h"

namespace holdfast::bench {
namespace {

using namespace kernels;  // NOLINT(google-build-using-namespace): this file is about them

constexpr std::int64_t kElements = std::int64_t{16} << 20;  // 64 MiB of floats
constexpr std::int64_t kCached = 4096;                      // 16 KiB
constexpr int kRounds = 15;
constexpr std::int64_t kGrain = 64;  // as ops/elementwise_split.h

// One pass over elements begin .. begin + n of the arrays; in the order a, b, c, d they are written
// as `streams` says.
struct Pass {
  std::string name;
  Streams streams;
  std::function<void(const KernelTable&, const StreamArrays&, std::int64_t, std::int64_t)> run;
};

void add_activations(std::vector<Pass>& passes) {
  const struct {
    const char* name;
    Activation activation;
  } all[] = {{"relu", Activation::kRelu},
             {"relu6", Activation::kRelu6},
             {"leaky_relu", Activation::kLeakyRelu},
             {"elu", Activation::kElu},
             {"selu", Activation::kSelu},
             {"tanh", Activation::kTanh},
             {"sigmoid", Activation::kSigmoid},
             {"softplus", Activation::kSoftplus},
             {"softsign", Activation::kSoftsign}};
  for (const auto& each : all) {
    const Activation activation = each.activation;
    const std::string name = each.name;
    passes.push_back(
        {name, Streams::kCopy,
         [=](const KernelTable& t, const StreamArrays& s, std::int64_t at, std::int64_t n) {
           t.activation_forward(activation, 0.2f, s.a + at, s.b + at, n);
         }});
    passes.push_back(
        {name + " gradient", Streams::kAdd,
         [=](const KernelTable& t, const StreamArrays& s, std::int64_t at, std::int64_t n) {
           t.activation_backward(activation, 0.2f, s.a + at, s.b + at, s.c + at, n);
         }});
  }
  for (const auto& each : {all[0], all[5], all[6], all[7]}) {
    const Activation activation = each.activation;
    passes.push_back(
        {each.name + std::string(" in place"), Streams::kInPlace,
         [=](const KernelTable& t, const StreamArrays& s, std::int64_t at, std::int64_t n) {
           t.activation_forward(activation, 0.2f, s.a + at, s.a + at, n);
         }});
  }
}

void add_functions(std::vector<Pass>& passes) {
  const struct {
    const char* name;
    Unary op;
  } all[] = {{"exp", Unary::kExp}, {"log", Unary::kLog}, {"sqrt", Unary::kSqrt}};
  for (const auto& each : all) {
    const Unary op = each.op;
    passes.push_back({each.name, Streams::kCopy,
                      [=](const KernelTable& t, const StreamArrays& s, std::int64_t at,
                          std::int64_t n) { t.unary(op, s.a + at, s.b + at, n); }});
  }
}

std::vector<Pass> passes() {
  std::vector<Pass> all;
  add_activations(all);
  add_functions(all);
  all.push_back({"dropout", Streams::kCopy,
                 [](const KernelTable& t, const StreamArrays& s, std::int64_t at, std::int64_t n) {
                   t.dropout({s.a + at, s.b + at, n, at, 1, 2, 0.5f});
                 }});
  all.push_back({"dropout in place", Streams::kInPlace,
                 [](const KernelTable& t, const StreamArrays& s, std::int64_t at, std::int64_t n) {
                   t.dropout({s.a + at, s.a + at, n, at, 1, 2, 0.0f});
                 }});
  all.push_back({"adagrad_update", Streams::kAddTwicePlaces,
                 [](const KernelTable& t, const StreamArrays& s, std::int64_t at, std::int64_t n) {
                   t.adagrad_update({s.a + at, s.b + at, s.c + at, n, 1e-6f});
                 }});
  all.push_back({"gradient_descent_update", Streams::kAddInPlace,
                 [](const KernelTable& t, const StreamArrays& s, std::int64_t at, std::int64_t n) {
                   t.gradient_descent_update(s.a + at, s.b + at, n, 1e-6f);
                 }});
  all.push_back({"sigmoid_cross_entropy", Streams::kAdd,
                 [](const KernelTable& t, const StreamArrays& s, std::int64_t at, std::int64_t n) {
                   t.sigmoid_cross_entropy(s.a + at, s.b + at, s.c + at, n);
                 }});
  all.push_back({"its gradient", Streams::kAddThree,
                 [](const KernelTable& t, const StreamArrays& s, std::int64_t at, std::int64_t n) {
                   t.sigmoid_cross_entropy_grad(s.a + at, s.b + at, s.c + at, s.d + at, n);
                 }});
  all.push_back({"sum", Streams::kRead,
                 [](const KernelTable& t, const StreamArrays& s, std::int64_t at, std::int64_t n) {
                   volatile float keep = t.sum(s.a + at, n);
                   static_cast<void>(keep);
                 }});
  return all;
}

// Four arrays in memory as large tensors of a program have it.
class Arrays {
 public:
  Arrays() {
    for (LargeBuffer& each : buffers_) {
      each = LargeBuffer(static_cast<std::size_t>(kElements) * sizeof(float));
    }
  }
  StreamArrays get() const { return {floats(0), floats(1), floats(2), floats(3)}; }
  // Positive numbers of moderate size: right for every kernel, and stable under repetition.
  void refill() const {
    for (int k = 0; k < 4; ++k) {
      for (std::int64_t i = 0; i < kElements; ++i) {
        floats(k)[i] = static_cast<float>(i % 251) * 0.01f + 0.25f;
      }
    }
  }

 private:
  float* floats(int k) const { return reinterpret_cast<float*>(buffers_[k].data()); }

  LargeBuffer buffers_[4];
};

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

template <class Body>
double seconds_split(ThreadPool& pool, std::int64_t n, const Body& body) {
  const int threads = pool.threads();
  const double start = threads == 1 ? thread_seconds() : wall_seconds();
  pool.parallel(threads, [&](int part) {
    const Range range = split_range(n, threads, part, kGrain);
    body(range.begin, range.end - range.begin);
  });
  return (threads == 1 ? thread_seconds() : wall_seconds()) - start;
}

double median(std::vector<double>& samples) {
  std::sort(samples.begin(), samples.end());
  return samples[samples.size() / 2];
}

// Every table gives what the scalar table gives (tests/cpp says what that is).
void check_answer(const Pass& pass, const KernelTable& table, const Arrays& arrays) {
  constexpr std::int64_t kFew = 1003;
  const StreamArrays s = arrays.get();
  std::vector<float> results[2];
  const KernelTable* tables[] = {runnable_tables().tables[0], &table};
  for (int k = 0; k < 2; ++k) {
    arrays.refill();
    pass.run(*tables[k], s, 64, kFew);
    for (const float* each : {s.a, s.b, s.c, s.d}) {
      results[k].insert(results[k].end(), each, each + 64 + kFew);
    }
  }
  check(std::memcmp(results[0].data(), results[1].data(), results[0].size() * sizeof(float)) == 0,
        pass.name);
}

double seconds_in_cache(const Pass& pass, const KernelTable& table, const Arrays& arrays) {
  arrays.refill();
  const StreamArrays s = arrays.get();
  return time_calls([&] { pass.run(table, s, 0, kCached); }, 0.02).median / kCached;
}

// `in_cache`: seconds an element on one thread.
void bench_pass(const Pass& pass, const KernelTable& table, const Arrays& arrays, int threads,
                double in_cache) {
  ThreadPool pool(threads);
  const StreamArrays s = arrays.get();
  std::vector<double> kernel;
  std::vector<double> plain;
  std::vector<double> past_caches;
  arrays.refill();
  for (int round = 0; round < kRounds; ++round) {
    kernel.push_back(seconds_split(
        pool, kElements, [&](std::int64_t at, std::int64_t n) { pass.run(table, s, at, n); }));
    for (const bool past : {false, true}) {
      (past ? past_caches : plain)
          .push_back(seconds_split(pool, kElements, [&](std::int64_t at, std::int64_t n) {
            run_streams(pass.streams, s, at, n, past);
          }));
    }
  }
  const double elements = static_cast<double>(kElements);
  const double best = std::min(median(plain), median(past_caches)) / elements;
  const double t = median(kernel) / elements;
  const double arithmetic = in_cache / threads;
  const double bytes = bytes_of(pass.streams);
  std::printf("%-7s %-24s %d thread%s %6.3f ns an element +-%3.0f%% %6.1f GB/s of %5.1f: %.2f",
              table.isa, pass.name.c_str(), threads, threads == 1 ? " " : "s", t * 1e9,
              (kernel[kRounds - 2] - kernel[1]) / elements / t * 100, bytes / t * 1e-9,
              bytes / best * 1e-9, best / t);
  std::printf("  (in the cache %.3f ns: at most %.2f)\n", arithmetic * 1e9,
              best / std::max(best, arithmetic));
  std::fflush(stdout);
}

int run(const char* isa, const char* part) {
  const int most = default_thread_count();
  print_head("elementwise_bench", most);
  const Arrays arrays;
  const TableList list = runnable_tables();
  const KernelTable* table = list.tables[list.count - 1];
  for (int t = 0; t < list.count; ++t) {
    if (isa != nullptr && std::strcmp(list.tables[t]->isa, isa) == 0) table = list.tables[t];
  }
  for (const Pass& pass : passes()) {
    if (part != nullptr && pass.name.find(part) == std::string::npos) continue;
    check_answer(pass, *table, arrays);
    const double in_cache = seconds_in_cache(pass, *table, arrays);
    for (int threads = 1; threads <= most; threads *= 2) {
      bench_pass(pass, *table, arrays, threads, in_cache);
    }
  }
  return 0;
}

}  // namespace
}  // namespace holdfast::bench

int main(int argc, char** argv) {
  return holdfast::bench::run(argc > 1 ? argv[1] : nullptr, argc > 2 ? argv[2] : nullptr);
}
