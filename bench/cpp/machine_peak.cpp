// What this machine can do at most, one core and several at once, as one line of JSON, for
// bench/python, which compiles this file by itself.
// Usage: machine_peak ISA THREADS [bandwidth]
#include "machine_peak.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <thread>
#include <vector>

#include "memory_streams.h"

namespace holdfast::bench {
namespace {

// The sum over `threads` threads of what each measures while all of them run.
double sum_at_once(int threads, const std::function<double()>& measure) {
  std::vector<double> found(static_cast<std::size_t>(threads));
  std::atomic<int> waiting{threads};
  std::vector<std::thread> running;
  running.reserve(found.size());
  for (double& mine : found) {
    running.emplace_back([&] {
      --waiting;
      while (waiting > 0) std::this_thread::yield();
      mine = measure();
    });
  }
  double sum = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    running[i].join();
    sum += found[i];
  }
  return sum;
}

// Bytes a second of reading and writing an array of 64 MiB in place: every byte moves twice, and no
// line is fetched only to be overwritten.
double peak_bandwidth() {
  const Buffer x(std::int64_t{16} << 20);
  const Timing t = time_calls([&] { stream_in_place(x.data(), x.size()); }, 0.5);
  return bytes_of(Streams::kInPlace) * static_cast<double>(x.size()) / t.median;
}

int run(int count, char** words) {
  if (count < 2) {
    std::fprintf(stderr, "usage: machine_peak ISA THREADS [bandwidth]\n");
    return 2;
  }
  const std::string isa = words[0];
  const int threads = std::atoi(words[1]);
  const auto flops = [&] { return peak_flops(isa); };
  std::printf(R"({"isa": "%s", "threads": %d, "flops_one": %.4g, "flops_all": %.4g)", isa.c_str(),
              threads, flops(), sum_at_once(threads, flops));
  if (count > 2 && std::strcmp(words[2], "bandwidth") == 0) {
    std::printf(R"(, "bandwidth_one": %.4g, "bandwidth_all": %.4g)", peak_bandwidth(),
                sum_at_once(threads, [] { return peak_bandwidth(); }));
  }
  std::printf("}\n");
  return 0;
}

}  // namespace
}  // namespace holdfast::bench

int main(int argc, char** argv) { return holdfast::bench::run(argc - 1, argv + 1); }
