#include "runtime/arena.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

TEST(Arena, ReusesThePlaceOfAValueThatIsGone) {
  // a lives in steps 0-1, b in 1-2, c in 2-3: c fits where a was.
  const ArenaLayout layout = lay_out({{100, 0, 1}, {100, 1, 2}, {100, 2, 3}});
  EXPECT_EQ(layout.offsets, (std::vector<std::int64_t>{0, 128, 0}));  // 100 rounded up to 128
  EXPECT_EQ(layout.bytes, 228);
}

TEST(Arena, ValuesThatMeetNeverOverlap) {
  const std::vector<Lifetime> values = {{64, 0, 9}, {1, 0, 2},  {500, 1, 3}, {70, 2, 8},
                                        {0, 3, 3},  {64, 4, 5}, {200, 5, 9}, {3, 9, 9}};
  const ArenaLayout layout = lay_out(values);
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_EQ(layout.offsets[i] % 64, 0);
    for (std::size_t j = 0; j < i; ++j) {
      const bool meet = values[i].first <= values[j].last && values[j].first <= values[i].last;
      const bool overlap = layout.offsets[i] < layout.offsets[j] + values[j].bytes &&
                           layout.offsets[j] < layout.offsets[i] + values[i].bytes;
      EXPECT_FALSE(meet && overlap) << i << " and " << j;
    }
  }
}

}  // namespace
}  // namespace holdfast
