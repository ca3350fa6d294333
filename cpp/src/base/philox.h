// Philox 4x32-10, the counter-based random generator behind every random number of the library.
// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC'11.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace holdfast {

struct PhiloxKey {
  std::uint64_t value = 0;  // low word is key[0], high word key[1]
};

// The key of one purpose ("init/dnn/logits/kernel", "dropout", "shuffle"): a function of both
// arguments.
PhiloxKey philox_key(std::uint64_t seed, std::string_view purpose) noexcept;

// Four random 32-bit words for the 128-bit counter {low, high}. Pure.
std::array<std::uint32_t, 4> philox(PhiloxKey key, std::uint64_t counter_low,
                                    std::uint64_t counter_high) noexcept;

// Uniform in [0, 1) with 24 bits, from one word: (word >> 8) * 2^-24.
inline float philox_uniform(std::uint32_t word) noexcept {
  return static_cast<float>(word >> 8) * (1.0f / 16777216.0f);
}

}  // namespace holdfast
