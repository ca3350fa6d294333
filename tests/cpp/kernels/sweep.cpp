// Compares exp, log, tanh, sigmoid, softplus and sqrt with float64 at every float there is (2^32),
// and every table with the scalar one, bit for bit. Ends with 1 where an error is above its bound.
// Usage: holdfast_sweep [stride [function]]; stride 1, the default, takes some minutes on two
// threads.
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "base/thread_pool.h"
#include "kernels/exact_functions.h"

namespace holdfast::reference {
namespace {

constexpr std::uint64_t kFloats = std::uint64_t{1} << 32;
constexpr std::int64_t kBlock = 4096;

struct Worst {
  double ulp = 0;
  float at = 0;
  bool same_bits = true;
};

// The floats whose words are first, first + stride, ... below `end`.
Worst sweep(const ExactFunction& function, std::uint64_t first, std::uint64_t end,
            std::uint64_t stride) {
  Worst worst;
  std::vector<float> x(kBlock);
  std::vector<float> y(kBlock);
  std::vector<float> other(kBlock);
  for (std::uint64_t word = first; word < end;) {
    std::int64_t n = 0;
    for (; n < kBlock && word < end; ++n, word += stride) {
      const auto bits = static_cast<std::uint32_t>(word);
      std::memcpy(&x[static_cast<std::size_t>(n)], &bits, sizeof bits);
    }
    tables()[0]->unary(function.op, x.data(), y.data(), n);
    for (const KernelTable* table : tables()) {
      table->unary(function.op, x.data(), other.data(), n);
      if (!same_bits(y.data(), other.data(), n)) worst.same_bits = false;
    }
    for (std::int64_t i = 0; i < n; ++i) {
      const auto k = static_cast<std::size_t>(i);
      const double error = ulp_error(y[k], function.exact(x[k]));
      if (error > worst.ulp) {
        worst.ulp = error;
        worst.at = x[k];
      }
    }
  }
  return worst;
}

bool passes(const ExactFunction& function, std::uint64_t stride) {
  constexpr int kParts = 64;
  ThreadPool pool(default_thread_count());
  std::mutex mutex;
  Worst all;
  pool.parallel(kParts, [&](int part) {
    const std::uint64_t words = kFloats / stride + 1;
    const std::uint64_t first = words * static_cast<std::uint64_t>(part) / kParts * stride;
    const std::uint64_t end = words * static_cast<std::uint64_t>(part + 1) / kParts * stride;
    const Worst here = sweep(function, first, std::min(end, kFloats), stride);
    const std::lock_guard<std::mutex> lock(mutex);
    if (here.ulp > all.ulp) {
      all.ulp = here.ulp;
      all.at = here.at;
    }
    all.same_bits = all.same_bits && here.same_bits;
  });
  const bool right = all.ulp <= function.most_ulp && all.same_bits;
  std::printf("%-9s worst error %.4f ULP (at most %.1f) at %.9g; tables %s%s\n", function.name,
              all.ulp, function.most_ulp, static_cast<double>(all.at),
              all.same_bits ? "give the same bits" : "DIFFER", right ? "" : "  FAILED");
  std::fflush(stdout);
  return right;
}

int run(int count, char** arguments) {
  const std::uint64_t stride = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 1;
  if (stride == 0) {
    std::fprintf(stderr, "stride: expected a whole number from 1; got %s\n", arguments[1]);
    return 2;
  }
  bool right = true;
  for (const ExactFunction& function : kExactFunctions) {
    if (count > 2 && std::string(arguments[2]) != function.name) continue;
    right = passes(function, stride) && right;
  }
  return right ? 0 : 1;
}

}  // namespace
}  // namespace holdfast::reference

int main(int argc, char** argv) { return holdfast::reference::run(argc, argv); }
