// The three products of a dense layer: against the naive loops, and bit for bit across tables and
// splits.
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <tuple>

#include "kernels/kernels.h"
#include "reference.h"

namespace holdfast::kernels {
namespace {

using reference::Grid;

struct Shape {
  std::int64_t m;
  std::int64_t k;
  std::int64_t n;
  std::int64_t gap;  // between rows of every matrix
};

// Tiles and their edges, the Iris and MNIST layers, cuts of k, of rows and of columns, nothing, few
// rows times a large matrix.
const Shape kShapes[] = {
    {0, 3, 4, 0},       {3, 0, 4, 0},        {3, 4, 0, 0},      {1, 1, 1, 0},
    {1, 7, 16, 2},      {2, 5, 17, 1},       {100, 4, 10, 0},   {100, 10, 3, 0},
    {7, 33, 15, 3},     {14, 16, 32, 0},     {15, 20, 33, 5},   {29, 64, 48, 0},
    {256, 40, 10, 0},   {64, 100, 1, 0},     {50, 400, 37, 1},  {13, 700, 65, 0},
    {260, 330, 70, 0},  {30, 31, 1100, 4},   {300, 5, 2, 0},    {5, 300, 300, 0},
    {130, 784, 129, 0}, {31, 1000, 1030, 0}, {27, 2100, 40, 3}, {100, 1100, 30, 0},
    {1, 515, 263, 0},   {2, 515, 263, 3},    {3, 700, 200, 1},  {4, 397, 331, 2},
    {7, 1100, 33, 0},   {15, 700, 40, 0}};

struct AlignedFloats {
  explicit AlignedFloats(std::int64_t n)
      : data(static_cast<float*>(
            std::aligned_alloc(64, static_cast<std::size_t>((n + 15) / 16 * 64 + 64)))) {}
  AlignedFloats(const AlignedFloats&) = delete;
  AlignedFloats& operator=(const AlignedFloats&) = delete;
  ~AlignedFloats() { std::free(data); }
  float* data;
};

class DenseShape : public testing::TestWithParam<Shape> {};
INSTANTIATE_TEST_SUITE_P(Shapes, DenseShape, testing::ValuesIn(kShapes),
                         [](const testing::TestParamInfo<Shape>& shape) {
                           return std::to_string(shape.param.m) + "x" +
                                  std::to_string(shape.param.k) + "x" +
                                  std::to_string(shape.param.n);
                         });

// y = act(x * w + bias) of rows [row, row + rows) and columns [column, column + columns).
void forward(const KernelTable& table, const Grid& x, const Grid& w, const float* bias,
             Activation activation, Grid* y, std::int64_t row, std::int64_t rows,
             std::int64_t column, std::int64_t columns) {
  const AlignedFloats workspace(table.dense_workspace_floats(rows, x.cols(), columns));
  const ConstMatrix x_part{x.data() + row * x.stride(), rows, x.cols(), x.stride()};
  const ConstMatrix w_part{w.data() + column, w.rows(), columns, w.stride()};
  const Matrix y_part{y->data() + row * y->stride() + column, rows, columns, y->stride()};
  table.dense_forward({x_part, w_part, bias == nullptr ? nullptr : bias + column, activation, 0.3f,
                       y_part, workspace.data});
}
Grid forward(const KernelTable& table, const Grid& x, const Grid& w, const float* bias,
             Activation activation, std::int64_t gap) {
  Grid y(x.rows(), w.cols(), gap);
  forward(table, x, w, bias, activation, &y, 0, x.rows(), 0, w.cols());
  return y;
}

TEST_P(DenseShape, ForwardIsTheNaiveLoop) {
  const Shape s = GetParam();
  const Grid x = Grid::random(s.m, s.k, s.gap, 1);
  const Grid w = Grid::random(s.k, s.n, s.gap, 2);
  const Grid bias = Grid::random(1, s.n, 0, 3);
  const double tolerance = reference::dot_tolerance(s.k + 1, 1, 1);
  for (const KernelTable* table : reference::tables()) {
    const Grid linear = forward(*table, x, w, nullptr, Activation::kLinear, s.gap);
    const Grid tanh = forward(*table, x, w, bias.data(), Activation::kTanh, s.gap);
    EXPECT_TRUE(linear.gaps_untouched() && tanh.gaps_untouched()) << table->isa;
    for (std::int64_t i = 0; i < s.m; ++i) {
      for (std::int64_t j = 0; j < s.n; ++j) {
        const double sum = reference::dot(reference::rows_of(x), reference::rows_of(w), i, j, s.k);
        ASSERT_NEAR(linear.at(i, j), sum, tolerance) << table->isa << " " << i << " " << j;
        // |tanh'| <= 1; 2^-22: the error of tanh itself.
        ASSERT_NEAR(tanh.at(i, j), std::tanh(sum + bias.at(0, j)), tolerance + 0x1p-22)
            << table->isa << " " << i << " " << j;
      }
    }
  }
}

// Every element is one chain of FMAs, k ascending: these are the bits that all tables must give.
TEST_P(DenseShape, ForwardIsOneChainOfFmas) {
  const Shape s = GetParam();
  const Grid x = Grid::random(s.m, s.k, s.gap, 4);
  const Grid w = Grid::random(s.k, s.n, s.gap, 5);
  for (const KernelTable* table : reference::tables()) {
    const Grid y = forward(*table, x, w, nullptr, Activation::kLinear, 0);
    for (std::int64_t i = 0; i < s.m; i += 1 + s.m / 9) {
      for (std::int64_t j = 0; j < s.n; ++j) {
        float sum = 0;
        for (std::int64_t k = 0; k < s.k; ++k) sum = std::fma(x.at(i, k), w.at(k, j), sum);
        ASSERT_TRUE(reference::same_bits(y.at(i, j), sum)) << table->isa << " " << i << " " << j;
      }
    }
  }
}

TEST_P(DenseShape, ForwardHasTheSameBitsOnEveryTableAndSplit) {
  const Shape s = GetParam();
  const Grid x = Grid::random(s.m, s.k, s.gap, 6);
  const Grid w = Grid::random(s.k, s.n, s.gap, 7);
  const Grid bias = Grid::random(1, s.n, 0, 8);
  for (const Activation activation : reference::kActivations) {
    const Grid expected = forward(*reference::tables()[0], x, w, bias.data(), activation, s.gap);
    for (const KernelTable* table : reference::tables()) {
      Grid y(s.m, s.n, s.gap);
      const std::int64_t row = s.m / 3;
      const std::int64_t column = s.n / 3;
      for (const auto& [i, rows] : {std::pair{std::int64_t{0}, row}, std::pair{row, s.m - row}}) {
        for (const auto& [j, columns] :
             {std::pair{std::int64_t{0}, column}, std::pair{column, s.n - column}}) {
          forward(*table, x, w, bias.data(), activation, &y, i, rows, j, columns);
        }
      }
      EXPECT_TRUE(reference::same_bits(y, expected))
          << table->isa << " activation " << static_cast<int>(activation);
      if (s.m * s.n > 20000) break;  // the large shapes: split once, on the slowest table
    }
    if (s.m * s.k * s.n > 1000000 && activation == Activation::kRelu) break;
  }
}

Grid grad_input(const KernelTable& table, const Grid& dy, const Grid& w, Activation activation,
                const Grid& below, std::int64_t gap, std::int64_t split) {
  Grid dx(dy.rows(), w.rows(), gap);
  for (const auto& [i, rows] :
       {std::pair{std::int64_t{0}, split}, std::pair{split, dy.rows() - split}}) {
    const AlignedFloats workspace(table.dense_workspace_floats(rows, w.cols(), w.rows()));
    const ConstMatrix dy_part{dy.data() + i * dy.stride(), rows, dy.cols(), dy.stride()};
    const ConstMatrix below_part{below.data() + i * below.stride(), rows, below.cols(),
                                 below.stride()};
    const Matrix dx_part{dx.data() + i * dx.stride(), rows, dx.cols(), dx.stride()};
    table.dense_grad_input(
        {dy_part, w.const_view(), activation, 0.3f, below_part, dx_part, workspace.data});
  }
  return dx;
}

TEST_P(DenseShape, GradInputIsTheNaiveLoopWithTheSameBitsEverywhere) {
  const Shape s = GetParam();
  const Grid dy = Grid::random(s.m, s.k, s.gap, 9);
  const Grid w = Grid::random(s.n, s.k, s.gap, 10);
  for (const Activation activation :
       {Activation::kLinear, Activation::kRelu, Activation::kTanh, Activation::kSoftplus}) {
    const float least = activation == Activation::kSoftplus ? 0.0f : -0.9f;  // of its values
    const Grid below = Grid::random(s.m, s.n, s.gap, 11, least, 0.9f);
    const Grid expected = grad_input(*reference::tables()[0], dy, w, activation, below, s.gap, 0);
    EXPECT_TRUE(expected.gaps_untouched());
    for (const KernelTable* table : reference::tables()) {
      const Grid dx = grad_input(*table, dy, w, activation, below, s.gap, s.m / 3);
      EXPECT_TRUE(reference::same_bits(dx, expected)) << table->isa;
    }
    const double tolerance = 3 * reference::dot_tolerance(s.k + 3, 1, 1);  // |act'| < 3 here
    for (std::int64_t i = 0; i < s.m; ++i) {
      for (std::int64_t j = 0; j < s.n; ++j) {
        const double sum =
            reference::dot(reference::rows_of(dy), reference::transposed(w), i, j, s.k);
        ASSERT_NEAR(expected.at(i, j), sum * reference::slope(activation, 0.3, below.at(i, j)),
                    tolerance)
            << i << " " << j;
      }
    }
  }
}

struct Trained {
  Grid w;
  Grid a;
};
Trained grad_kernel(const KernelTable& table, const Grid& x, const Grid& dy, Update update,
                    std::int64_t gap, std::int64_t split) {
  Trained t{Grid::random(x.cols(), dy.cols(), gap, 12),
            Grid::random(x.cols(), dy.cols(), gap, 13, 0.1f, 1.0f)};
  for (const auto& [j, columns] :
       {std::pair{std::int64_t{0}, split}, std::pair{split, dy.cols() - split}}) {
    const AlignedFloats workspace(table.dense_workspace_floats(x.cols(), x.rows(), columns));
    DenseGradKernelArgs args{};
    args.x = x.const_view();
    args.dy = {dy.data() + j, dy.rows(), columns, dy.stride()};
    args.update = update;
    args.learning_rate = 0.05f;
    args.out = {t.w.data() + j, t.w.rows(), columns, t.w.stride()};
    args.accumulator = update == Update::kAdagrad ? t.a.data() + j : nullptr;
    args.workspace = workspace.data;
    table.dense_grad_kernel(args);
  }
  return t;
}

TEST_P(DenseShape, GradKernelIsTheNaiveLoopWithTheSameBitsEverywhere) {
  const Shape s = GetParam();
  const Grid x = Grid::random(s.k, s.m, s.gap, 14);
  const Grid dy = Grid::random(s.k, s.n, s.gap, 15);
  const Trained before = grad_kernel(*reference::tables()[0], Grid(0, s.m), Grid(0, s.n),
                                     Update::kGradientDescent, s.gap, 0);
  const Trained gradient = grad_kernel(*reference::tables()[0], x, dy, Update::kNone, s.gap, 0);
  const double tolerance = reference::dot_tolerance(s.k, 1, 1);
  for (const Update update : {Update::kNone, Update::kGradientDescent, Update::kAdagrad}) {
    for (const KernelTable* table : reference::tables()) {
      const Trained got = grad_kernel(*table, x, dy, update, s.gap, s.n / 3);
      EXPECT_TRUE(got.w.gaps_untouched() && got.a.gaps_untouched());
      for (std::int64_t i = 0; i < s.m; ++i) {
        for (std::int64_t j = 0; j < s.n; ++j) {
          const float g = gradient.w.at(i, j);
          float w = before.w.at(i, j);
          float a = before.a.at(i, j);
          if (update == Update::kNone) {
            ASSERT_NEAR(g,
                        reference::dot(reference::transposed(x), reference::rows_of(dy), i, j, s.k),
                        tolerance);
            w = g;
          } else if (update == Update::kGradientDescent) {
            w -= 0.05f * g;
          } else {
            a = std::fma(g, g, a);
            w -= (0.05f * g) / std::sqrt(a);
          }
          ASSERT_TRUE(reference::same_bits(got.w.at(i, j), w))
              << table->isa << " " << i << " " << j;
          ASSERT_TRUE(reference::same_bits(got.a.at(i, j), a))
              << table->isa << " " << i << " " << j;
        }
      }
    }
  }
}

// relu(0.5 * 10 + 0.25 * 4 + 0.5) = 6.5; relu(0.5 * -10 + 0.25 * 4 + 0.5) = 0.
TEST(Dense, ForwardByHand) {
  const float x[] = {0.5f, 0.25f};
  const float w[] = {10, -10, 4, 4};
  const float bias[] = {0.5f, 0.5f};
  for (const KernelTable* table : reference::tables()) {
    float y[2];
    const AlignedFloats workspace(table->dense_workspace_floats(1, 2, 2));
    table->dense_forward(
        {{x, 1, 2, 2}, {w, 2, 2, 2}, bias, Activation::kRelu, 0, {y, 1, 2, 2}, workspace.data});
    EXPECT_EQ(y[0], 6.5f) << table->isa;
    EXPECT_EQ(y[1], 0.0f) << table->isa;
  }
}

TEST(Dense, NanOfAnInputReachesTheOutput) {
  const float x[] = {std::nanf("")};
  const float w[] = {1};
  for (const KernelTable* table : reference::tables()) {
    for (const Activation activation : reference::kActivations) {
      float y[1];
      const AlignedFloats workspace(table->dense_workspace_floats(1, 1, 1));
      table->dense_forward(
          {{x, 1, 1, 1}, {w, 1, 1, 1}, nullptr, activation, 0.2f, {y, 1, 1, 1}, workspace.data});
      EXPECT_TRUE(std::isnan(y[0])) << table->isa << " " << static_cast<int>(activation);
    }
  }
}

TEST(Dense, WorkspaceOfAPartIsNotLargerThanOfTheWhole) {
  for (const KernelTable* table : reference::tables()) {
    const std::int64_t whole = table->dense_workspace_floats(1000, 1000, 1000);
    EXPECT_LE(table->dense_workspace_floats(500, 1000, 1000), whole);
    EXPECT_LE(table->dense_workspace_floats(1000, 500, 1000), whole);
    EXPECT_LE(table->dense_workspace_floats(1000, 1000, 500), whole);
  }
}

}  // namespace
}  // namespace holdfast::kernels
