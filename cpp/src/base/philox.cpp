#include "base/philox.h"

namespace holdfast {
namespace {

// Multipliers and Weyl increments of Philox4x32 (Salmon et al. 2011, table 2 and section 4.3).
constexpr std::uint32_t kMultiplier0 = 0xD2511F53u;
constexpr std::uint32_t kMultiplier1 = 0xCD9E8D57u;
constexpr std::uint32_t kWeyl0 = 0x9E3779B9u;
constexpr std::uint32_t kWeyl1 = 0xBB67AE85u;
constexpr int kRounds = 10;

// The finalizer of SplitMix64 (Steele, Lea, Flood 2014): a bijection that mixes all 64 bits.
std::uint64_t mix(std::uint64_t z) noexcept {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

}  // namespace

// key = mix(FNV-1a-64(purpose) + mix(seed)). Checkpoints continue random streams by it, so it never
// changes; for one purpose, different seeds give different keys (both steps are bijections of
// seed).
PhiloxKey philox_key(std::uint64_t seed, std::string_view purpose) noexcept {
  std::uint64_t hash = 0xCBF29CE484222325u;  // FNV-1a offset basis and prime, 64 bits
  for (const char c : purpose) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  }
  return {mix(hash + mix(seed))};
}

std::array<std::uint32_t, 4> philox(PhiloxKey key, std::uint64_t counter_low,
                                    std::uint64_t counter_high) noexcept {
  std::array<std::uint32_t, 4> c = {
      static_cast<std::uint32_t>(counter_low), static_cast<std::uint32_t>(counter_low >> 32),
      static_cast<std::uint32_t>(counter_high), static_cast<std::uint32_t>(counter_high >> 32)};
  auto key0 = static_cast<std::uint32_t>(key.value);
  auto key1 = static_cast<std::uint32_t>(key.value >> 32);
  for (int round = 0; round < kRounds; ++round) {
    const std::uint64_t product0 = std::uint64_t{kMultiplier0} * c[0];
    const std::uint64_t product1 = std::uint64_t{kMultiplier1} * c[2];
    c = {static_cast<std::uint32_t>(product1 >> 32) ^ c[1] ^ key0,
         static_cast<std::uint32_t>(product1),
         static_cast<std::uint32_t>(product0 >> 32) ^ c[3] ^ key1,
         static_cast<std::uint32_t>(product0)};
    key0 += kWeyl0;
    key1 += kWeyl1;
  }
  return c;
}

}  // namespace holdfast
