// Sums by the fixed tree, softmax and the cross-entropies: against float64, the same bits on every
// table.
#include <gtest/gtest.h>

#include "reference.h"

namespace holdfast::kernels {
namespace {

using reference::Grid;

// The fixed tree itself, written out: lane l takes x[l], x[l + 16], ...; lanes fold 8, 4, 2, 1.
float tree_sum(const float* x, std::int64_t n) {
  float lane[16] = {};
  for (std::int64_t i = 0; i < n; ++i) lane[i % 16] += x[i];
  for (const int half : {8, 4, 2, 1}) {
    for (int l = 0; l < half; ++l) lane[l] += lane[l + half];
  }
  return lane[0];
}

TEST(Sum, IsTheFixedTreeOnEveryTable) {
  for (const std::int64_t n : {0, 1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 29, 31, 32, 33, 53, 1000}) {
    const Grid x = Grid::random(1, n, 0, 31);
    for (const KernelTable* table : reference::tables()) {
      EXPECT_TRUE(reference::same_bits(table->sum(x.data(), n), tree_sum(x.data(), n)))
          << table->isa << " " << n;
    }
  }
}

TEST(ColumnSums, AddUpInAscendingOrder) {
  for (const std::int64_t rows : {0, 1, 100}) {
    for (const std::int64_t cols : reference::sizes()) {
      const Grid x = Grid::random(rows, cols, 3, 32);
      for (const KernelTable* table : reference::tables()) {
        Grid sums(1, cols, 2);
        table->column_sums(x.view(), sums.data());
        EXPECT_TRUE(sums.gaps_untouched());
        for (std::int64_t j = 0; j < cols; ++j) {
          float expected = 0;
          for (std::int64_t i = 0; i < rows; ++i) expected += x.at(i, j);
          EXPECT_TRUE(reference::same_bits(sums.at(0, j), expected)) << table->isa;
        }
      }
    }
  }
}

struct Row {
  std::vector<double> p;  // softmax
  double log_total;       // log of the sum of exponentials
};
Row exact(const Grid& z, std::int64_t i) {
  double most = -std::numeric_limits<double>::infinity();
  for (std::int64_t c = 0; c < z.cols(); ++c) most = std::max(most, double{z.at(i, c)});
  double total = 0;
  for (std::int64_t c = 0; c < z.cols(); ++c) total += std::exp(z.at(i, c) - most);
  Row row{{}, most + std::log(total)};
  for (std::int64_t c = 0; c < z.cols(); ++c) row.p.push_back(std::exp(z.at(i, c) - row.log_total));
  return row;
}

class Classes : public testing::TestWithParam<std::int64_t> {
 protected:
  const std::int64_t rows_ = 37;
  const std::int64_t n_ = GetParam();
  // eps times the additions of a sum, and a few roundings, of numbers up to 20.
  const double tolerance_ = 0x1p-24 * static_cast<double>(n_ + 8) * 20;
};
INSTANTIATE_TEST_SUITE_P(Sizes, Classes,
                         testing::Values(1, 2, 3, 4, 7, 8, 9, 10, 15, 16, 17, 29, 53, 1000));

TEST_P(Classes, SoftmaxAndItsLogarithm) {
  const Grid z = Grid::random(rows_, n_, 2, 33, -9.0f, 9.0f);
  Grid first(rows_, n_, 1);
  Grid first_log(rows_, n_, 1);
  for (const KernelTable* table : reference::tables()) {
    Grid p(rows_, n_, 1);
    Grid log_p(rows_, n_, 1);
    table->softmax(z.const_view(), p.view());
    table->log_softmax(z.const_view(), log_p.view());
    EXPECT_TRUE(p.gaps_untouched() && log_p.gaps_untouched()) << table->isa;
    if (table == reference::tables()[0]) {
      first = p;
      first_log = log_p;
    }
    EXPECT_TRUE(reference::same_bits(p, first)) << table->isa;
    EXPECT_TRUE(reference::same_bits(log_p, first_log)) << table->isa;
    for (std::int64_t i = 0; i < rows_; ++i) {
      const Row row = exact(z, i);
      for (std::int64_t c = 0; c < n_; ++c) {
        ASSERT_NEAR(p.at(i, c), row.p[static_cast<std::size_t>(c)], tolerance_);
        ASSERT_NEAR(log_p.at(i, c), z.at(i, c) - row.log_total, tolerance_);
      }
    }
  }
}

TEST_P(Classes, SparseCrossEntropyAndItsGradient) {
  const Grid z = Grid::random(rows_, n_, 2, 34, -9.0f, 9.0f);
  const Grid dloss = Grid::random(1, rows_, 0, 35);
  std::vector<std::int64_t> labels;
  for (std::int64_t i = 0; i < rows_; ++i) labels.push_back(i * 7 % n_);
  Grid first(1, rows_, 3);
  Grid first_dz(rows_, n_, 1);
  for (const KernelTable* table : reference::tables()) {
    Grid loss(1, rows_, 3);
    Grid dz(rows_, n_, 1);
    table->sparse_softmax_cross_entropy({z.const_view(), labels.data(), loss.data()});
    table->sparse_softmax_cross_entropy(
        {z.const_view(), labels.data(), nullptr, dz.view(), dloss.data()});
    EXPECT_TRUE(loss.gaps_untouched() && dz.gaps_untouched()) << table->isa;
    Grid both_loss(1, rows_, 3);
    Grid ones_dz(rows_, n_, 1);
    table->sparse_softmax_cross_entropy(
        {z.const_view(), labels.data(), both_loss.data(), ones_dz.view()});
    EXPECT_TRUE(reference::same_bits(both_loss, loss)) << table->isa;
    for (std::int64_t i = 0; i < rows_; ++i)
      for (std::int64_t c = 0; c < n_; ++c)
        EXPECT_EQ(dloss.at(0, i) * ones_dz.at(i, c), dz.at(i, c)) << table->isa;
    if (table == reference::tables()[0]) {
      first = loss;
      first_dz = dz;
    }
    EXPECT_TRUE(reference::same_bits(loss, first)) << table->isa;
    EXPECT_TRUE(reference::same_bits(dz, first_dz)) << table->isa;
    for (std::int64_t i = 0; i < rows_; ++i) {
      const Row row = exact(z, i);
      const std::int64_t label = labels[static_cast<std::size_t>(i)];
      ASSERT_NEAR(loss.at(0, i), row.log_total - z.at(i, label), tolerance_);
      for (std::int64_t c = 0; c < n_; ++c) {
        const double slope = row.p[static_cast<std::size_t>(c)] - (c == label ? 1 : 0);
        ASSERT_NEAR(dz.at(i, c), dloss.at(0, i) * slope, tolerance_);
      }
    }
  }
}

TEST_P(Classes, DenseCrossEntropyAndItsGradient) {
  const Grid z = Grid::random(rows_, n_, 2, 36, -9.0f, 9.0f);
  const Grid t = Grid::random(rows_, n_, 5, 37, 0.0f, 2.0f / static_cast<float>(n_));
  const Grid dloss = Grid::random(1, rows_, 0, 38);
  Grid first(1, rows_, 3);
  Grid first_dz(rows_, n_, 1);
  for (const KernelTable* table : reference::tables()) {
    Grid loss(1, rows_, 3);
    Grid dz(rows_, n_, 1);
    table->softmax_cross_entropy({z.const_view(), t.const_view(), loss.data()});
    table->softmax_cross_entropy_grad({z.const_view(), t.const_view(), dloss.data(), dz.view()});
    EXPECT_TRUE(loss.gaps_untouched() && dz.gaps_untouched()) << table->isa;
    if (table == reference::tables()[0]) {
      first = loss;
      first_dz = dz;
    }
    EXPECT_TRUE(reference::same_bits(loss, first)) << table->isa;
    EXPECT_TRUE(reference::same_bits(dz, first_dz)) << table->isa;
    for (std::int64_t i = 0; i < rows_; ++i) {
      const Row row = exact(z, i);
      double expected = 0;
      double mass = 0;
      for (std::int64_t c = 0; c < n_; ++c) {
        expected += t.at(i, c) * (row.log_total - z.at(i, c));
        mass += t.at(i, c);
      }
      ASSERT_NEAR(loss.at(0, i), expected, 2 * tolerance_);
      for (std::int64_t c = 0; c < n_; ++c) {
        const double slope = row.p[static_cast<std::size_t>(c)] * mass - t.at(i, c);
        ASSERT_NEAR(dz.at(i, c), dloss.at(0, i) * slope, 2 * tolerance_);
      }
    }
  }
}

// Two equal logits: each has probability 1/2 and costs log 2, also where exp would overflow.
TEST(Softmax, ByHandAndWithoutOverflow) {
  for (const float z0 : {0.0f, 1e30f, -1e30f}) {
    const float z[] = {z0, z0};
    const std::int64_t label = 1;
    for (const KernelTable* table : reference::tables()) {
      float p[2];
      float loss = 0;
      table->softmax({z, 1, 2, 2}, {p, 1, 2, 2});
      table->sparse_softmax_cross_entropy({{z, 1, 2, 2}, &label, &loss});
      EXPECT_EQ(p[0], 0.5f) << table->isa;
      EXPECT_FLOAT_EQ(loss, 0.69314718f) << table->isa;
    }
  }
}

TEST(Softmax, NanOfOneLogitReachesTheLossOfItsRowOnly) {
  for (const std::int64_t n : {3, 40}) {
    for (std::int64_t bad = 0; bad < n; ++bad) {
      Grid z = Grid::random(2, n, 0, 39);
      z.at(0, bad) = std::nanf("");
      const std::int64_t labels[] = {0, 0};
      for (const KernelTable* table : reference::tables()) {
        float loss[2] = {};
        table->sparse_softmax_cross_entropy({z.const_view(), labels, loss});
        EXPECT_TRUE(std::isnan(loss[0])) << table->isa;
        EXPECT_FALSE(std::isnan(loss[1])) << table->isa;
      }
    }
  }
}

TEST(SigmoidCrossEntropy, IsItsFormulaAtEverySize) {
  for (const std::int64_t n : reference::sizes()) {
    const Grid z = Grid::random(1, n, 0, 40, -60.0f, 60.0f);
    const Grid t = Grid::random(1, n, 0, 41, 0.0f, 1.0f);
    const Grid dloss = Grid::random(1, n, 0, 42);
    Grid first(1, n, 3);
    Grid first_dz(1, n, 3);
    for (const KernelTable* table : reference::tables()) {
      Grid loss(1, n, 3);
      Grid dz(1, n, 3);
      table->sigmoid_cross_entropy(z.data(), t.data(), loss.data(), n);
      table->sigmoid_cross_entropy_grad(z.data(), t.data(), dloss.data(), dz.data(), n);
      EXPECT_TRUE(loss.gaps_untouched() && dz.gaps_untouched());
      if (table == reference::tables()[0]) {
        first = loss;
        first_dz = dz;
      }
      EXPECT_TRUE(reference::same_bits(loss, first)) << table->isa;
      EXPECT_TRUE(reference::same_bits(dz, first_dz)) << table->isa;
      for (std::int64_t i = 0; i < n; ++i) {
        const double zi = z.at(0, i);
        const double expected =
            std::max(zi, 0.0) - zi * t.at(0, i) + std::log1p(std::exp(-std::fabs(zi)));
        EXPECT_NEAR(loss.at(0, i), expected, 4 * 0x1p-24 * 60);
        const double slope = reference::act(Activation::kSigmoid, 0, zi) - t.at(0, i);
        EXPECT_NEAR(dz.at(0, i), dloss.at(0, i) * slope, 4 * 0x1p-24);
      }
    }
  }
}

}  // namespace
}  // namespace holdfast::kernels
