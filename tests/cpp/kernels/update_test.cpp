// Optimizer updates and dropout: the stated order of operations, bit for bit, on every table.
#include <gtest/gtest.h>

#include "base/philox.h"
#include "reference.h"

namespace holdfast::kernels {
namespace {

using reference::Grid;

TEST(Adagrad, IsItsFormulaAtEverySize) {
  for (const std::int64_t n : reference::sizes()) {
    const Grid w = Grid::random(1, n, 3, 51);
    const Grid a = Grid::random(1, n, 3, 52, 0.1f, 1.0f);
    const Grid g = Grid::random(1, n, 3, 53);
    for (const KernelTable* table : reference::tables()) {
      Grid new_w = w;
      Grid new_a = a;
      table->adagrad_update({new_w.data(), new_a.data(), g.data(), n, 0.05f});
      EXPECT_TRUE(new_w.gaps_untouched() && new_a.gaps_untouched()) << table->isa;
      for (std::int64_t i = 0; i < n; ++i) {
        const float accumulated = std::fma(g.at(0, i), g.at(0, i), a.at(0, i));
        const float moved = w.at(0, i) - (0.05f * g.at(0, i)) / std::sqrt(accumulated);
        EXPECT_TRUE(reference::same_bits(new_a.at(0, i), accumulated)) << table->isa;
        EXPECT_TRUE(reference::same_bits(new_w.at(0, i), moved)) << table->isa;
      }
    }
  }
}

// a = 7 + 3 * 3 = 16; w = 1 - 0.5 * 3 / sqrt(16) = 0.625.
TEST(Adagrad, ByHand) {
  for (const KernelTable* table : reference::tables()) {
    float w = 1;
    float a = 7;
    const float g = 3;
    table->adagrad_update({&w, &a, &g, 1, 0.5f});
    EXPECT_EQ(a, 16.0f) << table->isa;
    EXPECT_EQ(w, 0.625f) << table->isa;
  }
}

TEST(GradientDescent, IsItsFormulaAtEverySize) {
  for (const std::int64_t n : reference::sizes()) {
    const Grid w = Grid::random(1, n, 3, 54);
    const Grid g = Grid::random(1, n, 3, 55);
    for (const KernelTable* table : reference::tables()) {
      Grid moved = w;
      table->gradient_descent_update(moved.data(), g.data(), n, 0.1f);
      EXPECT_TRUE(moved.gaps_untouched());
      for (std::int64_t i = 0; i < n; ++i) {
        const float step = 0.1f * g.at(0, i);
        EXPECT_TRUE(reference::same_bits(moved.at(0, i), w.at(0, i) - step)) << table->isa;
      }
    }
  }
}

TEST(Dropout, FollowsPhiloxElementByElementForAnyPart) {
  constexpr std::uint64_t kKey = 0x123456789ABCDEF0u;
  constexpr std::uint64_t kStep = 0x1FFFFFFFFu;  // more than 32 bits
  // The second start makes the low word of the counter wrap inside a vector.
  for (const std::int64_t first : {std::int64_t{0}, (std::int64_t{1} << 34) - 20}) {
    for (const std::int64_t n : {0, 1, 3, 4, 5, 63, 64, 65, 200}) {
      const Grid x = Grid::random(1, n, 3, 56);
      for (const float rate : {0.0f, 0.25f, 0.9f}) {
        for (const KernelTable* table : reference::tables()) {
          Grid y(1, n, 3);
          table->dropout({x.data(), y.data(), n, first, kKey, kStep, rate});
          EXPECT_TRUE(y.gaps_untouched());
          for (std::int64_t i = 0; i < n; ++i) {
            const auto element = static_cast<std::uint64_t>(first + i);
            const auto words = philox({kKey}, element / 4, kStep);
            const bool kept = philox_uniform(words[element % 4]) >= rate;
            const float expected = kept ? x.at(0, i) * (1.0f / (1.0f - rate)) : 0.0f;
            ASSERT_TRUE(reference::same_bits(y.at(0, i), expected)) << table->isa << " " << i;
          }
        }
      }
    }
  }
}

// 16 MiB and more are written past the caches where the output is aligned.
TEST(Dropout, IsTheSameForOutputsTooLargeForTheCaches) {
  constexpr std::int64_t n = (std::int64_t{4} << 20) + 21;
  constexpr std::int64_t kPiece = 4100;  // a multiple of 4
  const Grid x = Grid::random(1, n, 0, 58);
  for (const KernelTable* table : reference::tables()) {
    std::vector<float> room(static_cast<std::size_t>(n) + 32);
    float* y = room.data();
    while (reinterpret_cast<std::uintptr_t>(y) % 64 != 0) ++y;
    table->dropout({x.data(), y, n, 0, 1, 2, 0.3f});
    float piece[kPiece];
    for (std::int64_t i = 0; i < n; i += kPiece) {
      const std::int64_t count = std::min(kPiece, n - i);
      table->dropout({x.data() + i, piece, count, i, 1, 2, 0.3f});
      ASSERT_TRUE(reference::same_bits(y + i, piece, count)) << table->isa << " " << i;
    }
  }
}

TEST(Dropout, DropsTheAskedShare) {
  const std::int64_t n = 100000;
  const Grid x = Grid::random(1, n, 0, 57, 1.0f, 2.0f);
  Grid y(1, n);
  table().dropout({x.data(), y.data(), n, 0, 1, 2, 0.3f});
  const auto dropped = std::count(y.data(), y.data() + n, 0.0f);
  EXPECT_NEAR(static_cast<double>(dropped), 30000, 5 * 145);  // sqrt(n * 0.3 * 0.7) = 145
}

}  // namespace
}  // namespace holdfast::kernels
