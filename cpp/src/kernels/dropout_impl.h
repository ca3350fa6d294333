// Dropout over a vector type. The definition of the generator is base/philox; here the counters of
// a vector lie in 64-bit lanes, where a product of two words is one instruction and its halves need
// no sorting.
#pragma once

#include "kernels/elementwise_impl.h"
#include "kernels/kernels.h"

namespace holdfast::kernels {
namespace {

constexpr std::uint32_t kPhilox0 = 0xD2511F53u;
constexpr std::uint32_t kPhilox1 = 0xCD9E8D57u;

// What the rounds make of a key and of the counter's three upper words, which are the same for all
// counters of a run. Only the low word, c0, differs, so that half of the first two rounds is here.
struct PhiloxRun {
  static constexpr int kRounds = 10;
  std::uint32_t key0[kRounds];
  std::uint32_t key1[kRounds];
  std::uint32_t second_c2;     // xor of what meets the first product in round 0
  std::uint32_t second_high0;  // high half of the product of c0 in round 1
  std::uint32_t second_low0;   // and its low half
  std::uint32_t second_c1;

  PhiloxRun(std::uint64_t key, std::uint32_t c1, std::uint64_t high) {
    key0[0] = static_cast<std::uint32_t>(key);
    key1[0] = static_cast<std::uint32_t>(key >> 32);
    for (int r = 1; r < kRounds; ++r) {
      key0[r] = key0[r - 1] + 0x9E3779B9u;
      key1[r] = key1[r - 1] + 0xBB67AE85u;
    }
    const std::uint64_t product1 = std::uint64_t{kPhilox1} * static_cast<std::uint32_t>(high);
    const std::uint32_t c0 = static_cast<std::uint32_t>(product1 >> 32) ^ c1 ^ key0[0];
    second_c1 = static_cast<std::uint32_t>(product1);
    second_c2 = static_cast<std::uint32_t>(high >> 32) ^ key1[0];
    const std::uint64_t product0 = std::uint64_t{kPhilox0} * c0;
    second_high0 = static_cast<std::uint32_t>(product0 >> 32);
    second_low0 = static_cast<std::uint32_t>(product0);
  }
};

// Of rounds, side by side: each alone is bound by its latency. About 80 instructions make the 16
// words of a chain, which four vector pipes cannot do in less than 20 cycles: 0.35 ns an element at
// 3.6 GHz is what AVX2 can give (elementwise_bench dropout: 0.6).
constexpr int kChains = 2;

// The words of the counters whose products with kPhilox0 are in `product0`: those of each counter
// in the order of its elements, with the top bit flipped, so that they compare as signed numbers.
template <class V, int kVectors>
[[gnu::flatten]] void philox_words(const PhiloxRun& run, const typename V::W* multiples,
                                   typename V::I* words) {
  using W = typename V::W;
  constexpr int kInner = PhiloxRun::kRounds - 1;
  constexpr int kWords = V::kCounters * 4 / V::kWidth;
  const W factor0 = V::set_wide(kPhilox0);
  const W factor1 = V::set_wide(kPhilox1);
  W c0[kVectors];
  W c1[kVectors];
  W c2[kVectors];
  W c3[kVectors];
  // Round 0 gives c2 and c3; round 1 has the same c0 and c1 in every lane.
#pragma GCC unroll 4
  for (int k = 0; k < kVectors; ++k) {
    c2[k] = V::wxor(V::high_half(multiples[k]), V::set_wide(run.second_c2));
    c1[k] = V::multiply_low_halves(c2[k], factor1);
    c0[k] = V::wxor(V::high_half(c1[k]), V::set_wide(run.second_c1 ^ run.key0[1]));
    c2[k] = V::wxor(multiples[k], V::set_wide(run.second_high0 ^ run.key1[1]));
    c3[k] = V::set_wide(run.second_low0);
  }
#pragma GCC unroll 8
  for (int r = 2; r < kInner; ++r) {
#pragma GCC unroll 4
    for (int k = 0; k < kVectors; ++k) {
      const W product0 = V::multiply_low_halves(c0[k], factor0);
      const W product1 = V::multiply_low_halves(c2[k], factor1);
      c0[k] = V::wxor(V::wxor(c1[k], V::set_wide(run.key0[r])), V::high_half(product1));
      c2[k] = V::wxor(V::wxor(c3[k], V::set_wide(run.key1[r])), V::high_half(product0));
      c1[k] = product1;
      c3[k] = product0;
    }
  }
  // The last round leaves c0 and c1 in the halves of one lane, c2 and c3 in those of another.
  constexpr std::uint64_t kFlip = 0x8000000080000000u;
#pragma GCC unroll 4
  for (int k = 0; k < kVectors; ++k) {
    const W swapped0 = V::swap_halves(V::multiply_low_halves(c0[k], factor0));
    const W swapped1 = V::swap_halves(V::multiply_low_halves(c2[k], factor1));
    const W keyed0 = V::wxor(V::low_half(c1[k]), V::set_wide(run.key0[kInner] ^ kFlip));
    const W keyed1 = V::wxor(V::low_half(c3[k]), V::set_wide(run.key1[kInner] ^ kFlip));
    V::interleave(V::wxor(keyed0, swapped1), V::wxor(keyed1, swapped0), words + k * kWords);
  }
}

// uniform(word) >= rate in whole numbers: word >= the result, ceil(rate * 2^24) * 2^8.
inline std::uint32_t least_kept_word(float rate) {
  const float scaled = rate * 0x1p24f;
  const auto below = static_cast<std::uint32_t>(scaled);
  return (static_cast<float>(below) < scaled ? below + 1 : below) << 8;
}

// Elements i .. i + n of the pass; their counters have one upper half.
template <class V>
void dropout_run(const DropoutArgs& args, std::int64_t i, std::int64_t n) {
  constexpr int kWords = V::kCounters * 4 / V::kWidth;
  constexpr int kElements = kChains * V::kCounters * 4;
  const auto counter = static_cast<std::uint64_t>((args.first + i) / 4);
  const PhiloxRun run(args.key, static_cast<std::uint32_t>(counter >> 32), args.counter_high);
  const auto least = V::set_bits(least_kept_word(args.rate) ^ 0x80000000u);
  const auto scale = V::set(1.0f / (1.0f - args.rate));
  const auto kept = [&](auto word, auto x) {
    return V::zero_where(V::igt(least, word), V::mul(x, scale));
  };
  typename V::W multiples[kChains];
  for (int k = 0; k < kChains; ++k) {
    const auto first =
        static_cast<std::uint32_t>(counter) + static_cast<std::uint32_t>(k * V::kCounters);
    multiples[k] = V::counter_multiples(first, kPhilox0);
  }
  const auto step = V::set_wide(std::uint64_t{kPhilox0} * (kChains * V::kCounters));
  typename V::I words[kChains * kWords];
  const auto next_words = [&] {
    philox_words<V, kChains>(run, multiples, words);
    for (auto& each : multiples) each = V::wadd(each, step);
  };
  const float* x = args.x + i;
  float* y = args.y + i;
  std::int64_t at = 0;
  const auto whole_blocks = [&](auto store) {
    for (; at + kElements <= n; at += kElements) {
      fetch_ahead<kElements>(x + at);
      next_words();
#pragma GCC unroll 16
      for (int v = 0; v < kChains * kWords; ++v) {
        const std::int64_t k = at + v * V::kWidth;
        store(y + k, kept(words[v], V::load(x + k)));
      }
    }
  };
  if (V::kStreams && n >= kPastCaches && x != y && is_aligned(y, 64)) {
    whole_blocks([](float* p, auto lanes) { V::stream(p, lanes); });
    V::stream_fence();
  } else {
    whole_blocks([](float* p, auto lanes) { V::store(p, lanes); });
  }
  if (at == n) return;
  next_words();
  for (int v = 0; at < n; ++v, at += V::kWidth) {
    const auto tail = V::tail(n - at < V::kWidth ? n - at : V::kWidth);
    V::store_tail(y + at, tail, kept(words[v], V::load_tail(x + at, tail)));
  }
}

template <class V>
void dropout(const DropoutArgs& args) noexcept {
  for (std::int64_t i = 0; i < args.n;) {
    const auto low = static_cast<std::uint32_t>((args.first + i) / 4);
    const std::int64_t until_carry = ((std::int64_t{1} << 32) - low) * 4;
    const std::int64_t n = args.n - i < until_carry ? args.n - i : until_carry;
    dropout_run<V>(args, i, n);
    i += n;
  }
}

}  // namespace
}  // namespace holdfast::kernels
