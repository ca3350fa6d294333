// Every kernel that takes a view or a row number, on rows so far apart that the place of an element
// has more than 31 and more than 32 bits: the bits are those of the same rows close together.
//
// What takes more than 2^31 elements one after the other is in huge/. Not for qemu, which keeps a
// record of every page of the address space.
#include <gtest/gtest.h>

#include <memory>

#include "far_memory.h"
#include "reference.h"

namespace holdfast::kernels {
namespace {

using reference::FarMemory;
using reference::Grid;
using reference::kBeyondInt32;
using reference::kBeyondUInt32;

// The rows of a grid again, spread over more than 2^32 elements: those of the upper half lie past
// 2^31. The stride of two rows is itself past 2^32.
class FarGrid {
 public:
  explicit FarGrid(const Grid& near)
      : rows_(near.rows()),
        cols_(near.cols()),
        stride_(kBeyondUInt32 / (rows_ > 1 ? rows_ - 1 : 1) + 48),
        memory_(rows_ * stride_ + cols_ + 64) {
    for (std::int64_t i = 0; i < rows_; ++i) {
      for (std::int64_t j = 0; j < cols_; ++j) at(i, j) = near.at(i, j);
    }
  }
  float& at(std::int64_t i, std::int64_t j) const { return memory_.data()[i * stride_ + j]; }
  float* data() const { return memory_.data(); }
  std::int64_t stride() const { return stride_; }
  ConstMatrix view() const { return {data(), rows_, cols_, stride_}; }
  Matrix out() const { return {data(), rows_, cols_, stride_}; }

  // The same elements, and zeros beside them where nothing may be written.
  testing::AssertionResult is(const Grid& near) const {
    for (std::int64_t i = 0; i < rows_; ++i) {
      for (std::int64_t j = 0; j < cols_; ++j) {
        if (reference::same_bits(at(i, j), near.at(i, j))) continue;
        return testing::AssertionFailure()
               << "row " << i << " column " << j << ": " << at(i, j) << " and " << near.at(i, j);
      }
      for (std::int64_t j = cols_; j < cols_ + 48; ++j) {
        if (at(i, j) != 0) return testing::AssertionFailure() << "row " << i << ": " << j;
      }
    }
    return testing::AssertionSuccess();
  }

 private:
  std::int64_t rows_;
  std::int64_t cols_;
  std::int64_t stride_;
  FarMemory<float> memory_;
};

struct Product {
  std::int64_t m;
  std::int64_t k;
  std::int64_t n;
};
// Register tiles and their edges; the paths of few rows and few columns; more steps than one block.
const Product kProducts[] = {{2, 2, 9},  {3, 5, 17},  {14, 33, 40},
                             {1, 9, 20}, {29, 70, 3}, {8, 1100, 33}};

class FarProduct : public testing::TestWithParam<Product> {
 protected:
  static std::unique_ptr<float[]> workspace(const KernelTable& table, const Product& p,
                                            float** aligned) {
    const std::int64_t floats = table.dense_workspace_floats(p.m, p.k, p.n) + 16;
    auto memory = std::make_unique<float[]>(static_cast<std::size_t>(floats));
    *aligned = memory.get();
    while (reinterpret_cast<std::uintptr_t>(*aligned) % 64 != 0) ++*aligned;
    return memory;
  }
};
INSTANTIATE_TEST_SUITE_P(Shapes, FarProduct, testing::ValuesIn(kProducts),
                         [](const testing::TestParamInfo<Product>& p) {
                           return std::to_string(p.param.m) + "x" + std::to_string(p.param.k) +
                                  "x" + std::to_string(p.param.n);
                         });

TEST_P(FarProduct, Forward) {
  const Product p = GetParam();
  const Grid x = Grid::random(p.m, p.k, 0, 1);
  const Grid w = Grid::random(p.k, p.n, 0, 2);
  const Grid bias = Grid::random(1, p.n, 0, 3);
  const FarGrid far_x(x);
  const FarGrid far_w(w);
  for (const KernelTable* table : reference::tables()) {
    for (const Activation activation : {Activation::kLinear, Activation::kRelu, Activation::kElu}) {
      float* scratch = nullptr;
      const auto memory = workspace(*table, p, &scratch);
      Grid y(p.m, p.n);
      const FarGrid far_y(Grid::random(p.m, p.n, 0, 4));
      table->dense_forward({x.view(), w.view(), bias.data(), activation, 0, y.view(), scratch});
      table->dense_forward(
          {far_x.view(), far_w.view(), bias.data(), activation, 0, far_y.out(), scratch});
      EXPECT_TRUE(far_y.is(y)) << table->isa << " " << static_cast<int>(activation);
    }
  }
}

TEST_P(FarProduct, GradientOfTheInput) {
  const Product p = GetParam();
  const Grid dy = Grid::random(p.m, p.k, 0, 5);
  const Grid w = Grid::random(p.n, p.k, 0, 6);
  const Grid below = Grid::random(p.m, p.n, 0, 7);
  const FarGrid far_dy(dy);
  const FarGrid far_w(w);
  const FarGrid far_below(below);
  for (const KernelTable* table : reference::tables()) {
    for (const Activation activation :
         {Activation::kLinear, Activation::kRelu, Activation::kTanh}) {
      float* scratch = nullptr;
      const auto memory = workspace(*table, p, &scratch);
      Grid dx(p.m, p.n);
      const FarGrid far_dx(Grid::random(p.m, p.n, 0, 8));
      table->dense_grad_input(
          {dy.view(), w.view(), activation, 0, below.view(), dx.view(), scratch});
      table->dense_grad_input(
          {far_dy.view(), far_w.view(), activation, 0, far_below.view(), far_dx.out(), scratch});
      EXPECT_TRUE(far_dx.is(dx)) << table->isa << " " << static_cast<int>(activation);
    }
  }
}

TEST_P(FarProduct, GradientOfTheKernelAndItsUpdates) {
  const Product p = GetParam();
  const Grid x = Grid::random(p.k, p.m, 0, 9);
  const Grid dy = Grid::random(p.k, p.n, 0, 10);
  const FarGrid far_x(x);
  const FarGrid far_dy(dy);
  for (const KernelTable* table : reference::tables()) {
    for (const Update update : {Update::kNone, Update::kGradientDescent, Update::kAdagrad}) {
      float* scratch = nullptr;
      const auto memory = workspace(*table, p, &scratch);
      Grid w = Grid::random(p.m, p.n, 0, 11);
      Grid a = Grid::random(p.m, p.n, 0, 12, 0.1f, 1.0f);
      const FarGrid far_w(w);
      const FarGrid far_a(a);
      float* const squares = update == Update::kAdagrad ? a.data() : nullptr;
      float* const far_squares = update == Update::kAdagrad ? far_a.data() : nullptr;
      table->dense_grad_kernel({x.view(), dy.view(), update, 0.05f, w.view(), squares, scratch});
      table->dense_grad_kernel(
          {far_x.view(), far_dy.view(), update, 0.05f, far_w.out(), far_squares, scratch});
      EXPECT_TRUE(far_w.is(w)) << table->isa << " " << static_cast<int>(update);
      EXPECT_TRUE(far_a.is(a)) << table->isa << " " << static_cast<int>(update);
    }
  }
}

TEST(FarRows, ColumnSums) {
  for (const std::int64_t rows : {2, 11}) {
    for (const std::int64_t cols : {1, 9, 37, 70}) {
      const Grid x = Grid::random(rows, cols, 0, 13);
      const FarGrid far(x);
      for (const KernelTable* table : reference::tables()) {
        Grid sums(1, cols);
        Grid far_sums(1, cols);
        table->column_sums(x.view(), sums.data());
        table->column_sums(far.view(), far_sums.data());
        EXPECT_TRUE(reference::same_bits(far_sums, sums)) << table->isa << " " << rows;
      }
    }
  }
}

TEST(FarRows, SoftmaxAndItsLosses) {
  constexpr std::int64_t kRows = 19;
  for (const std::int64_t classes : {2, 10, 16, 17, 53}) {  // both sides of the narrow path
    const Grid z = Grid::random(kRows, classes, 0, 14, -9.0f, 9.0f);
    const Grid t = Grid::random(kRows, classes, 0, 15, 0.0f, 1.0f);
    const Grid dloss = Grid::random(1, kRows, 0, 16);
    const FarGrid far_z(z);
    const FarGrid far_t(t);
    std::vector<std::int64_t> labels;
    for (std::int64_t i = 0; i < kRows; ++i) labels.push_back(i * 7 % classes);
    for (const KernelTable* table : reference::tables()) {
      SCOPED_TRACE(table->isa);
      Grid y(kRows, classes);
      const FarGrid far_y(z);
      table->softmax(z.view(), y.view());
      table->softmax(far_z.view(), far_y.out());
      EXPECT_TRUE(far_y.is(y));
      table->log_softmax(z.view(), y.view());
      table->log_softmax(far_z.view(), far_y.out());
      EXPECT_TRUE(far_y.is(y));
      table->sparse_softmax_cross_entropy(
          {z.view(), labels.data(), nullptr, y.view(), dloss.data()});
      table->sparse_softmax_cross_entropy(
          {far_z.view(), labels.data(), nullptr, far_y.out(), dloss.data()});
      EXPECT_TRUE(far_y.is(y));
      table->softmax_cross_entropy_grad({z.view(), t.view(), dloss.data(), y.view()});
      table->softmax_cross_entropy_grad({far_z.view(), far_t.view(), dloss.data(), far_y.out()});
      EXPECT_TRUE(far_y.is(y));
      Grid loss(1, kRows);
      Grid far_loss(1, kRows);
      table->sparse_softmax_cross_entropy({z.view(), labels.data(), loss.data()});
      table->sparse_softmax_cross_entropy({far_z.view(), labels.data(), far_loss.data()});
      EXPECT_TRUE(reference::same_bits(far_loss, loss));
      table->softmax_cross_entropy({z.view(), t.view(), loss.data()});
      table->softmax_cross_entropy({far_z.view(), far_t.view(), far_loss.data()});
      EXPECT_TRUE(reference::same_bits(far_loss, loss));
    }
  }
}

// A table of 2^32 / cols rows of which three are named.
TEST(FarRows, PooledAndUpdated) {
  for (const std::int64_t cols : {1, 4, 16, 37}) {
    const std::int64_t rows_of_table = kBeyondUInt32 / cols + 9;
    const std::int64_t rows[] = {rows_of_table - 1, kBeyondInt32 / cols + 1, 3};
    const Grid near = Grid::random(3, cols, 0, 17);
    const Grid squares = Grid::random(3, cols, 0, 18, 0.1f, 1.0f);
    const Grid dy = Grid::random(3, cols, 0, 19);
    const FarGrid far_dy(dy);
    const std::int64_t near_rows[] = {0, 1, 2};
    const std::int32_t first[] = {0, 1, 2};
    const std::int32_t next[] = {-1, -1, -1};
    for (const KernelTable* table : reference::tables()) {
      SCOPED_TRACE(std::string(table->isa) + " " + std::to_string(cols));
      const FarMemory<float> w(rows_of_table * cols);
      const FarMemory<float> a(rows_of_table * cols);
      for (int i = 0; i < 3; ++i) {
        std::copy_n(&near.data()[i * cols], cols, w.data() + rows[i] * cols);
        std::copy_n(&squares.data()[i * cols], cols, a.data() + rows[i] * cols);
      }
      const FarGrid y(near);
      table->pool_rows({w.data(), rows, 1, nullptr, y.out()});
      EXPECT_TRUE(y.is(near));
      Grid expected_w = near;
      Grid expected_a = squares;
      table->update_rows({dy.view(), 1, nullptr, first, next, near_rows, 3, Update::kAdagrad, 0.05f,
                          expected_w.data(), expected_a.data()});
      table->update_rows({far_dy.view(), 1, nullptr, first, next, rows, 3, Update::kAdagrad, 0.05f,
                          w.data(), a.data()});
      for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(
            reference::same_bits(w.data() + rows[i] * cols, &expected_w.data()[i * cols], cols));
        EXPECT_TRUE(
            reference::same_bits(a.data() + rows[i] * cols, &expected_a.data()[i * cols], cols));
      }
    }
  }
}

}  // namespace
}  // namespace holdfast::kernels
