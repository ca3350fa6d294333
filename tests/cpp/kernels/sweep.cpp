// Compares exp, log, tanh, sigmoid, softplus and sqrt with float64 at every float there is (2^32),
// and the tables with each other, bit for bit; the scalar one, which may have to emulate FMA and
// then takes thirty times as long, at every 16th. Ends with 1 where an error is above its bound.
//
//   cmake --build build --target holdfast_sweep
//   build/tests/cpp/holdfast_sweep [stride [function]]
//
// With stride 1, the default, it takes seven and a half minutes of processor time, half of that on
// two free cores. What it found, in units of the last place (tables scalar and avx2):
//
//   exp 1.0192 at -27.3779926    tanh     1.9535 at  0.519323409    sqrt 0.5
//   log 0.9454 at  0.632624447   sigmoid  1.6948 at -1.10468471
//                                softplus 1.8159 at -0.461978763
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
constexpr std::int64_t kScalarEvery = 16;

struct Worst {
  double ulp = 0;
  float at = 0;
  bool same_bits = true;
};

// As ulp_error(), where neither the value nor what it should be is infinite or NaN; fast.
double finite_ulp_error(float got, double exact) {
  const auto nearest = static_cast<float>(exact);
  std::uint32_t word = 0;
  std::memcpy(&word, &nearest, sizeof word);
  // 2^(150 - e) is one over the unit of the last place of a float with the exponent field e.
  const std::uint64_t exponent = std::max(word >> 23 & 0xFFu, 1u);
  const std::uint64_t bits = (1023 + 150 - exponent) << 52;
  double units_of_one = 0;
  std::memcpy(&units_of_one, &bits, sizeof bits);
  return std::fabs(static_cast<double>(got) - exact) * units_of_one;
}

struct Block {
  std::int64_t n = 0;
  std::vector<float> x = std::vector<float>(kBlock);
  std::vector<float> y = std::vector<float>(kBlock);
  std::vector<float> other = std::vector<float>(kBlock);

  // The floats of the words from `word` on below `end`; returns the word after them.
  std::uint64_t fill(std::uint64_t word, std::uint64_t end, std::uint64_t stride) {
    for (n = 0; n < kBlock && word < end; ++n, word += stride) {
      const auto bits = static_cast<std::uint32_t>(word);
      std::memcpy(&x[static_cast<std::size_t>(n)], &bits, sizeof bits);
    }
    return word;
  }

  // Whether all tables give the bits of y.
  bool same_on_all_tables(kernels::Unary op) {
    bool same = true;
    for (const KernelTable* table : tables()) {
      const bool scalar = table == tables().front();
      const std::int64_t step = scalar ? kScalarEvery : n;
      const std::int64_t count = scalar ? 1 : n;
      for (std::int64_t i = 0; i < n; i += step) {
        table->unary(op, x.data() + i, other.data(), count);
        if (!same_bits(y.data() + i, other.data(), count)) same = false;
      }
    }
    return same;
  }
};

// The floats whose words are first, first + stride, ... below `end`.
Worst sweep(const ExactFunction& function, std::uint64_t first, std::uint64_t end,
            std::uint64_t stride) {
  Worst worst;
  Block block;
  const KernelTable* table = tables().back();
  for (std::uint64_t word = first; word < end;) {
    word = block.fill(word, end, stride);
    table->unary(function.op, block.x.data(), block.y.data(), block.n);
    if (!block.same_on_all_tables(function.op)) worst.same_bits = false;
    for (std::int64_t i = 0; i < block.n; ++i) {
      const auto k = static_cast<std::size_t>(i);
      const double exact = function.exact(block.x[k]);
      const bool finite = std::isfinite(static_cast<float>(exact)) && std::isfinite(block.y[k]);
      const double error =
          finite ? finite_ulp_error(block.y[k], exact) : ulp_error(block.y[k], exact);
      if (error > worst.ulp) {
        worst.ulp = error;
        worst.at = block.x[k];
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
