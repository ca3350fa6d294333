#include "base/philox.h"

#include <gtest/gtest.h>

#include <set>

namespace holdfast {
namespace {

using Words = std::array<std::uint32_t, 4>;

// The known answers of the authors' Random123 library (kat_vectors, philox4x32 10).
TEST(Philox, GivesTheKnownAnswers) {
  EXPECT_EQ(philox({0}, 0, 0), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  const std::uint64_t ones = ~std::uint64_t{0};
  EXPECT_EQ(philox({ones}, ones, ones), (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  // Digits of pi: counter 243f6a88 85a308d3 13198a2e 03707344, key a4093822 299f31d0.
  EXPECT_EQ(philox({0x299f31d0a4093822}, 0x85a308d3243f6a88, 0x0370734413198a2e),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, UniformIsBelowOneAndReachesZero) {
  EXPECT_EQ(philox_uniform(0), 0.0f);
  EXPECT_EQ(philox_uniform(0xffffffffu), 1.0f - 0x1p-24f);
  EXPECT_EQ(philox_uniform(0x80000000u), 0.5f);
}

// Checkpoints continue their random streams by these keys: a change breaks every one of them.
// Computed apart from the code: mix(fnv1a64(purpose) + mix(seed)).
TEST(PhiloxKey, IsStable) {
  EXPECT_EQ(philox_key(0, "").value, 0xF52A15E9A9B5E89Bu);
  EXPECT_EQ(philox_key(1, "shuffle").value, 0x45F22BBA13FE571Fu);
  EXPECT_EQ(philox_key(42, "init/dnn/logits/kernel").value, 0x258F0A7C449568C3u);
}

TEST(PhiloxKey, DependsOnSeedAndPurpose) {
  std::set<std::uint64_t> keys;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    for (const char* purpose : {"shuffle", "dropout", "dropout/", "init/a", "init/b", ""}) {
      keys.insert(philox_key(seed, purpose).value);
    }
  }
  EXPECT_EQ(keys.size(), 600u);
}

}  // namespace
}  // namespace holdfast
