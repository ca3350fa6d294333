#include "ops/row_groups.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

namespace holdfast {
namespace {

using Cells = std::vector<std::int32_t>;
using Rows = std::vector<std::int64_t>;

struct Grouped {
  Rows rows;  // in the order of the groups
  std::map<std::int64_t, Cells> cells;
};

Grouped grouped(const Rows& rows, int part = 0, int parts = 1) {
  const auto n = static_cast<std::int64_t>(rows.size());
  // Memory of another batch is all over the place.
  std::vector<std::int64_t> memory(static_cast<std::size_t>(RowGroups::bytes(n)) / 8 + 1,
                                   0x0101010101010101);
  RowGroups groups(reinterpret_cast<char*>(memory.data()), n);
  groups.build(rows.data(), n, part, parts);
  Grouped result;
  for (std::int64_t u = 0; u < groups.size(); ++u) {
    result.rows.push_back(groups.rows()[u]);
    Cells& cells = result.cells[groups.rows()[u]];
    for (std::int32_t c = groups.first()[u]; c >= 0; c = groups.next()[c]) cells.push_back(c);
  }
  return result;
}

TEST(RowGroups, AreInOrderOfFirstAppearanceAndSoAreTheirCells) {
  const Grouped result = grouped({7, 3, 7, -1, 3, 9, 7, -5});
  EXPECT_EQ(result.rows, (Rows{7, 3, 9}));
  EXPECT_EQ(result.cells.at(7), (Cells{0, 2, 6}));
  EXPECT_EQ(result.cells.at(3), (Cells{1, 4}));
  EXPECT_EQ(result.cells.at(9), (Cells{5}));
}

TEST(RowGroups, OfNothingAreNone) {
  EXPECT_TRUE(grouped({}).rows.empty());
  EXPECT_TRUE(grouped({-1, -1}).rows.empty());
}

TEST(RowGroups, HoldRowsThatCrowdOnePlace) {
  // Multiples of 2^60 differ in the top bits of the product alone, of which a table uses some.
  Rows rows;
  for (std::int64_t i = 0; i < 8; ++i) rows.push_back(i << 60);
  rows.insert(rows.end(), rows.begin(), rows.end());
  const Grouped result = grouped(rows);
  EXPECT_EQ(result.rows.size(), 8u);
  EXPECT_EQ(result.cells.at(std::int64_t{5} << 60), (Cells{5, 13}));
}

TEST(RowGroups, PartsHoldEveryRowOnceWithAllItsCells) {
  std::mt19937_64 engine(3);
  Rows rows(5000);
  for (auto& row : rows) row = static_cast<std::int64_t>(engine() % 700) - 20;
  const Grouped whole = grouped(rows);
  for (const int parts : {2, 3, 16}) {
    Grouped joined;
    for (int part = 0; part < parts; ++part) {
      const Grouped piece = grouped(rows, part, parts);
      EXPECT_GT(piece.rows.size(), 0u);
      for (const auto& [row, cells] : piece.cells) {
        EXPECT_EQ(joined.cells.count(row), 0u) << "row " << row << " is in two parts";
        joined.cells[row] = cells;
      }
    }
    EXPECT_EQ(joined.cells, whole.cells) << parts;
  }
}

}  // namespace
}  // namespace holdfast
