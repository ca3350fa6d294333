// Rows by number, pooled and updated: the stated order of operations, bit for bit, on every table.
#include <gtest/gtest.h>

#include "reference.h"

namespace holdfast::kernels {
namespace {

using reference::Grid;

// Two ids of most rows of a batch; some are missing, some rows have none.
constexpr std::int64_t kBatch = 29;
constexpr std::int64_t kRows = 17;

std::vector<std::int64_t> some_rows(std::int64_t cells, std::uint32_t seed) {
  std::mt19937 engine(seed);
  std::vector<std::int64_t> rows(static_cast<std::size_t>(kBatch * cells));
  for (auto& row : rows) row = static_cast<std::int64_t>(engine() % (kRows + 3)) - 3;
  return rows;
}

std::vector<float> some_scales(std::int64_t cells) {
  const Grid random = Grid::random(1, kBatch * cells, 0, 61, 0.1f, 1.0f);
  return {random.data(), random.data() + kBatch * cells};
}

TEST(PoolRows, IsItsFormulaAtEveryWidth) {
  for (const std::int64_t cols : reference::sizes()) {
    const Grid table = Grid::random(kRows, cols, 0, 62);
    for (const std::int64_t cells : {1, 2, 5}) {
      const std::vector<std::int64_t> rows = some_rows(cells, 63);
      const std::vector<float> scales = some_scales(cells);
      for (const float* scale : {static_cast<const float*>(nullptr), scales.data()}) {
        for (const KernelTable* kernel : reference::tables()) {
          Grid y(kBatch, cols, 3);
          kernel->pool_rows({table.data(), rows.data(), cells, scale, y.view()});
          EXPECT_TRUE(y.gaps_untouched()) << kernel->isa;
          for (std::int64_t i = 0; i < kBatch; ++i) {
            for (std::int64_t j = 0; j < cols; ++j) {
              float sum = 0;
              for (std::int64_t c = i * cells; c < (i + 1) * cells; ++c) {
                const std::int64_t row = rows[static_cast<std::size_t>(c)];
                if (row < 0) continue;
                sum = std::fma(scale == nullptr ? 1.0f : scale[c], table.at(row, j), sum);
              }
              ASSERT_TRUE(reference::same_bits(y.at(i, j), sum))
                  << kernel->isa << " row " << i << " column " << j << " of " << cols;
            }
          }
        }
      }
    }
  }
}

TEST(PoolRows, WithoutCellsIsZero) {
  for (const KernelTable* kernel : reference::tables()) {
    Grid y(2, 3, 1);
    kernel->pool_rows({nullptr, nullptr, 0, nullptr, y.view()});
    for (std::int64_t i = 0; i < 2; ++i) {
      for (std::int64_t j = 0; j < 3; ++j) EXPECT_EQ(y.at(i, j), 0.0f) << kernel->isa;
    }
  }
}

// The cells of a batch as lists, in the simplest way.
struct Lists {
  std::vector<std::int32_t> first;
  std::vector<std::int32_t> next;
  std::vector<std::int64_t> rows;

  explicit Lists(const std::vector<std::int64_t>& cells) : next(cells.size(), -1) {
    for (std::size_t c = 0; c < cells.size(); ++c) {
      if (cells[c] < 0) continue;
      const auto found = std::find(rows.begin(), rows.end(), cells[c]);
      const auto cell = static_cast<std::int32_t>(c);
      if (found == rows.end()) {
        rows.push_back(cells[c]);
        first.push_back(cell);
        continue;
      }
      std::int32_t last = first[static_cast<std::size_t>(found - rows.begin())];
      while (next[static_cast<std::size_t>(last)] >= 0) last = next[static_cast<std::size_t>(last)];
      next[static_cast<std::size_t>(last)] = cell;
    }
  }
};

class UpdateRows : public testing::TestWithParam<Update> {};

TEST_P(UpdateRows, IsItsFormulaAtEveryWidthAndTouchesNothingElse) {
  const Update update = GetParam();
  constexpr float kRate = 0.05f;
  for (const std::int64_t cols : reference::sizes()) {
    const Grid w = Grid::random(kRows, cols, 0, 64);
    const Grid a = Grid::random(kRows, cols, 0, 65, 0.1f, 1.0f);
    const Grid dy = Grid::random(kBatch, cols, 5, 66);
    for (const std::int64_t cells : {1, 3}) {
      const std::vector<std::int64_t> rows = some_rows(cells, 67);
      const std::vector<float> scales = some_scales(cells);
      const Lists lists(rows);
      Grid expected_w = w;
      Grid expected_a = a;
      for (std::size_t u = 0; u < lists.rows.size(); ++u) {
        for (std::int64_t j = 0; j < cols; ++j) {
          float g = 0;
          for (std::int64_t c = 0; c < kBatch * cells; ++c) {
            if (rows[static_cast<std::size_t>(c)] != lists.rows[u]) continue;
            g = std::fma(scales[static_cast<std::size_t>(c)], dy.at(c / cells, j), g);
          }
          float& weight = expected_w.at(lists.rows[u], j);
          float& squares = expected_a.at(lists.rows[u], j);
          if (update == Update::kNone) {
            weight = g;
          } else if (update == Update::kGradientDescent) {
            weight -= kRate * g;
          } else {
            squares = std::fma(g, g, squares);
            weight -= kRate * g / std::sqrt(squares);
          }
        }
      }
      for (const KernelTable* kernel : reference::tables()) {
        Grid new_w = w;
        Grid new_a = a;
        kernel->update_rows({dy.view(), cells, scales.data(), lists.first.data(), lists.next.data(),
                             lists.rows.data(), static_cast<std::int64_t>(lists.rows.size()),
                             update, kRate, new_w.data(),
                             update == Update::kAdagrad ? new_a.data() : nullptr});
        EXPECT_TRUE(reference::same_bits(new_w, expected_w)) << kernel->isa << " " << cols;
        EXPECT_TRUE(reference::same_bits(new_a, expected_a)) << kernel->isa << " " << cols;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, UpdateRows,
                         testing::Values(Update::kNone, Update::kGradientDescent,
                                         Update::kAdagrad));

// Cells 0 and 2 are of row 1: g = 1 + 2 = 3, a = 7 + 9 = 16, w = 1 - 0.5 * 3 / 4 = 0.625. Row by
// row it would be a = 7 + 1 + 4 = 12: duplicates are summed before the square.
TEST(UpdateRows, DuplicatesAreOneUpdateByHand) {
  for (const KernelTable* kernel : reference::tables()) {
    float w[] = {5, 1, 6};
    float a[] = {1, 7, 2};
    const float dy[] = {1, 0, 2};
    const std::int32_t first[] = {0};
    const std::int32_t next[] = {2, -1, -1};
    const std::int64_t rows[] = {1};
    kernel->update_rows(
        {{dy, 3, 1, 1}, 1, nullptr, first, next, rows, 1, Update::kAdagrad, 0.5f, w, a});
    EXPECT_EQ(std::vector<float>(w, w + 3), (std::vector<float>{5, 0.625f, 6})) << kernel->isa;
    EXPECT_EQ(std::vector<float>(a, a + 3), (std::vector<float>{1, 16, 2})) << kernel->isa;
  }
}

}  // namespace
}  // namespace holdfast::kernels
