// Dropout over a vector type: the lanes of a vector are consecutive Philox counters.
// The definition of the generator is base/philox.
#pragma once

#include "kernels/elementwise_impl.h"
#include "kernels/kernels.h"

namespace holdfast::kernels {
namespace {

// One vector of Philox blocks: words[w] holds word w of counters low, low + 1, ...
template <class V>
void philox_block(std::uint64_t key, std::uint64_t low, std::uint64_t high,
                  typename V::I (&words)[4]) {
  using I = typename V::I;
  std::uint32_t low_words[V::kWidth];
  std::uint32_t high_words[V::kWidth];
  for (int lane = 0; lane < V::kWidth; ++lane) {
    const std::uint64_t counter = low + static_cast<std::uint64_t>(lane);
    low_words[lane] = static_cast<std::uint32_t>(counter);
    high_words[lane] = static_cast<std::uint32_t>(counter >> 32);
  }
  I c0 = V::load_bits(low_words);
  I c1 = V::load_bits(high_words);
  I c2 = V::set_bits(static_cast<std::uint32_t>(high));
  I c3 = V::set_bits(static_cast<std::uint32_t>(high >> 32));
  auto key0 = static_cast<std::uint32_t>(key);
  auto key1 = static_cast<std::uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    I high0, low0, high1, low1;
    V::multiply_wide(c0, V::set_bits(0xD2511F53u), &high0, &low0);
    V::multiply_wide(c2, V::set_bits(0xCD9E8D57u), &high1, &low1);
    c0 = V::ixor(V::ixor(high1, c1), V::set_bits(key0));
    c1 = low1;
    c2 = V::ixor(V::ixor(high0, c3), V::set_bits(key1));
    c3 = low0;
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  words[0] = c0;
  words[1] = c1;
  words[2] = c2;
  words[3] = c3;
}

// uniforms[4 * lane + w]: the numbers of 4 * kWidth consecutive elements, in their order.
template <class V>
void uniform_block(std::uint64_t key, std::uint64_t low, std::uint64_t high, float* uniforms) {
  typename V::I words[4];
  philox_block<V>(key, low, high, words);
  float columns[4][V::kWidth];
  for (int w = 0; w < 4; ++w) {
    const auto mantissa = V::to_float(V::template shift_right_unsigned<8>(words[w]));
    V::store(columns[w], V::mul(mantissa, V::set(0x1p-24f)));
  }
  if constexpr (V::kWidth == 1) {
    for (int w = 0; w < 4; ++w) uniforms[w] = columns[w][0];
  } else {
    for (int lane = 0; lane < V::kWidth; lane += 4) {
      V::transpose4(&columns[0][lane], V::kWidth, uniforms + 4 * lane, 4);
    }
  }
}

template <class V>
void dropout(const DropoutArgs& args) noexcept {
  constexpr int kBlock = 4 * V::kWidth;
  const auto rate = V::set(args.rate);
  const auto scale = V::set(1.0f / (1.0f - args.rate));
  alignas(64) float uniforms[kBlock];
  for (std::int64_t i = 0; i < args.n; i += kBlock) {
    uniform_block<V>(args.key, static_cast<std::uint64_t>((args.first + i) / 4), args.counter_high,
                     uniforms);
    const std::int64_t count = args.n - i < kBlock ? args.n - i : kBlock;
    map<V>(args.x + i, uniforms, args.y + i, count,
           [&](auto x, auto u) { return V::select(V::ge(u, rate), V::mul(x, scale), V::zero()); });
  }
}

}  // namespace
}  // namespace holdfast::kernels
