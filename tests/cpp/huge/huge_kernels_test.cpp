// Every kernel on more than 2^31 elements, one after the other. Not part of the default run, which
// covers the arithmetic of strides (kernels/far_rows_test.cpp):
//
//   cmake --build build --target holdfast_huge_tests && build/tests/cpp/holdfast_huge_tests
//
// takes two to three minutes, some megabytes for this file and 5 GB for the operations, which make
// their results. HOLDFAST_ISA=scalar|avx2|avx512|neon chooses the table.
#include <gtest/gtest.h>

#include <memory>

#include "huge/ring_memory.h"
#include "reference.h"

namespace holdfast::kernels {
namespace {

using Floats = reference::RingMemory<float>;

constexpr std::int64_t kHuge = (std::int64_t{1} << 31) + 37;

// What is looked at: the last elements, in which nothing is repeated. `fill` makes them, the rest
// is `value`.
constexpr std::int64_t kSeen = 1003;
struct Array : Floats {
  Array(std::int64_t count, float value, float low, float high, std::uint32_t seed)
      : Floats(count) {
    std::fill_n(data(), kPeriod, value);
    std::fill_n(data() + own_from(), own(), value);
    const reference::Grid random = reference::Grid::random(1, kSeen, 0, seed, low, high);
    std::copy_n(random.data(), kSeen, seen());
  }
  float* seen() const { return data() + size() - kSeen; }
  std::vector<float> copy_of_seen() const { return {seen(), seen() + kSeen}; }
};

TEST(Huge, Activations) {
  const Array x(kHuge, 0.5f, -3, 3, 1);
  const Array y(kHuge, 7, 7, 8, 2);
  for (const Activation activation : {Activation::kRelu, Activation::kTanh, Activation::kElu}) {
    std::vector<float> expected(kSeen);
    table().activation_forward(activation, 0, x.data(), y.data(), kHuge);
    table().activation_forward(activation, 0, x.seen(), expected.data(), kSeen);
    EXPECT_TRUE(reference::same_bits(y.seen(), expected.data(), kSeen));
    table().activation_backward(activation, 0, x.data(), y.data(), y.data(), kHuge);
    table().activation_backward(activation, 0, x.seen(), expected.data(), expected.data(), kSeen);
    EXPECT_TRUE(reference::same_bits(y.seen(), expected.data(), kSeen));
  }
}

TEST(Huge, UnaryFunctions) {
  const Array x(kHuge, 0.5f, 0.1f, 3, 3);
  const Array y(kHuge, 7, 7, 8, 4);
  for (const Unary op :
       {Unary::kExp, Unary::kLog, Unary::kTanh, Unary::kSigmoid, Unary::kSoftplus, Unary::kSqrt}) {
    std::vector<float> expected(kSeen);
    table().unary(op, x.data(), y.data(), kHuge);
    table().unary(op, x.seen(), expected.data(), kSeen);
    EXPECT_TRUE(reference::same_bits(y.seen(), expected.data(), kSeen));
  }
}

TEST(Huge, SigmoidCrossEntropy) {
  const Array z(kHuge, 0.5f, -3, 3, 5);
  const Array t(kHuge, 1, 0, 1, 6);
  const Array y(kHuge, 7, 7, 8, 7);
  std::vector<float> expected(kSeen);
  table().sigmoid_cross_entropy(z.data(), t.data(), y.data(), kHuge);
  table().sigmoid_cross_entropy(z.seen(), t.seen(), expected.data(), kSeen);
  EXPECT_TRUE(reference::same_bits(y.seen(), expected.data(), kSeen));
  table().sigmoid_cross_entropy_grad(z.data(), t.data(), t.data(), y.data(), kHuge);
  table().sigmoid_cross_entropy_grad(z.seen(), t.seen(), t.seen(), expected.data(), kSeen);
  EXPECT_TRUE(reference::same_bits(y.seen(), expected.data(), kSeen));
}

// The mask of an element is that of its number in the whole: past 2^34 elements the counter has
// carried.
TEST(Huge, Dropout) {
  const Array x(kHuge, 0.5f, -3, 3, 8);
  const Array y(kHuge, 7, 7, 8, 9);
  for (const std::int64_t first : {std::int64_t{0}, (std::int64_t{1} << 34) - kHuge / 2 / 4 * 4}) {
    table().dropout({x.data(), y.data(), kHuge, first, 1, 2, 0.5f});
    const std::int64_t aligned = (kHuge - kSeen + 3) / 4 * 4;  // a group of four words begins
    const std::int64_t n = kHuge - aligned;
    std::vector<float> expected(kSeen);
    table().dropout({x.data() + aligned, expected.data(), n, first + aligned, 1, 2, 0.5f});
    EXPECT_TRUE(reference::same_bits(y.data() + aligned, expected.data(), n)) << first;
  }
}

TEST(Huge, Updates) {
  const Array w(kHuge, 0.5f, -3, 3, 10);
  const Array a(kHuge, 0.5f, 0.1f, 3, 11);
  const Array g(kHuge, 0, -3, 3, 12);
  std::vector<float> expected_w = w.copy_of_seen();
  std::vector<float> expected_a = a.copy_of_seen();
  table().adagrad_update({w.data(), a.data(), g.data(), kHuge, 0.1f});
  table().adagrad_update({expected_w.data(), expected_a.data(), g.seen(), kSeen, 0.1f});
  EXPECT_TRUE(reference::same_bits(w.seen(), expected_w.data(), kSeen));
  EXPECT_TRUE(reference::same_bits(a.seen(), expected_a.data(), kSeen));
  table().gradient_descent_update(w.data(), g.data(), kHuge, 0.1f);
  table().gradient_descent_update(expected_w.data(), g.seen(), kSeen, 0.1f);
  EXPECT_TRUE(reference::same_bits(w.seen(), expected_w.data(), kSeen));
}

// 1 + 2 + ... + 1003 past the zeros.
TEST(Huge, Sum) {
  const Array x(kHuge, 0, 0, 1, 13);
  for (std::int64_t i = 0; i < kSeen; ++i) x.seen()[i] = static_cast<float>(i + 1);
  EXPECT_EQ(table().sum(x.data(), kHuge), 503506.0f);
}

// Rows of 8, so many that the elements are more than 2^31; those looked at are the last 125.
constexpr std::int64_t kCols = 8;
constexpr std::int64_t kRows = (std::int64_t{1} << 28) + 5;
constexpr std::int64_t kSeenRows = kSeen / kCols;
ConstMatrix all_rows(const Array& array, std::int64_t cols) {
  return {array.data(), kRows, cols, cols};
}
ConstMatrix seen_rows(const Array& array, std::int64_t cols) {
  return {array.data() + (kRows - kSeenRows) * cols, kSeenRows, cols, cols};
}
Matrix written(const ConstMatrix& m) {
  return {const_cast<float*>(m.data), m.rows, m.cols, m.stride};
}
struct Workspace {
  explicit Workspace(std::int64_t floats)
      : memory(static_cast<std::size_t>(floats + 16)), data(memory.data()) {
    while (reinterpret_cast<std::uintptr_t>(data) % 64 != 0) ++data;
  }
  std::vector<float> memory;
  float* data;
};

// The products of a layer with kRows rows and 8 inputs or outputs: A alone, then C alone, is huge.
TEST(Huge, DenseForward) {
  for (const auto& [k, n] :
       {std::pair{kCols, std::int64_t{1}}, std::pair{std::int64_t{1}, kCols}}) {
    const Array x(kRows * k, 0.5f, -3, 3, 14);
    const Array y(kRows * n, 7, 7, 8, 15);
    const reference::Grid w = reference::Grid::random(k, n, 0, 16);
    const reference::Grid bias = reference::Grid::random(1, n, 0, 17);
    const Workspace workspace(table().dense_workspace_floats(kRows, k, n));
    std::vector<float> expected(static_cast<std::size_t>(kSeenRows * n));
    table().dense_forward({all_rows(x, k), w.const_view(), bias.data(), Activation::kRelu, 0,
                           written(all_rows(y, n)), workspace.data});
    table().dense_forward({seen_rows(x, k),
                           w.const_view(),
                           bias.data(),
                           Activation::kRelu,
                           0,
                           {expected.data(), kSeenRows, n, n},
                           workspace.data});
    EXPECT_TRUE(reference::same_bits(seen_rows(y, n).data, expected.data(), kSeenRows * n)) << k;
  }
}

TEST(Huge, DenseGradientOfTheInput) {
  const Array dy(kRows, 0.5f, -3, 3, 18);
  const Array below(kRows * kCols, 0.5f, -3, 3, 19);
  const Array dx(kRows * kCols, 7, 7, 8, 20);
  const reference::Grid w = reference::Grid::random(kCols, 1, 0, 21);
  const Workspace workspace(table().dense_workspace_floats(kRows, 1, kCols));
  std::vector<float> expected(static_cast<std::size_t>(kSeenRows * kCols));
  table().dense_grad_input({all_rows(dy, 1), w.const_view(), Activation::kTanh, 0,
                            all_rows(below, kCols), written(all_rows(dx, kCols)), workspace.data});
  table().dense_grad_input({seen_rows(dy, 1),
                            w.const_view(),
                            Activation::kTanh,
                            0,
                            seen_rows(below, kCols),
                            {expected.data(), kSeenRows, kCols, kCols},
                            workspace.data});
  EXPECT_TRUE(reference::same_bits(seen_rows(dx, kCols).data, expected.data(), kSeenRows * kCols));
}

// Zeros, then the rows looked at: their gradient alone is left. A sum that begins with +0 stays the
// same.
TEST(Huge, DenseGradientOfTheKernelAndColumnSums) {
  const Array x(kRows * kCols, 0, -3, 3, 22);
  const Array dy(kRows, 0, -3, 3, 23);
  std::fill_n(x.seen(), kSeen - kSeenRows * kCols, 0.0f);
  std::fill_n(dy.seen(), kSeen - kSeenRows, 0.0f);
  const Workspace workspace(table().dense_workspace_floats(kCols, kRows, 1));
  float g[kCols];
  float expected[kCols];
  DenseGradKernelArgs args{all_rows(x, kCols), all_rows(dy, 1), Update::kNone, 0,
                           {g, kCols, 1, 1},   nullptr,         workspace.data};
  table().dense_grad_kernel(args);
  args.x = seen_rows(x, kCols);
  args.dy = seen_rows(dy, 1);
  args.out.data = expected;
  table().dense_grad_kernel(args);
  EXPECT_TRUE(reference::same_bits(g, expected, kCols));
  table().column_sums(all_rows(x, kCols), g);
  table().column_sums(seen_rows(x, kCols), expected);
  EXPECT_TRUE(reference::same_bits(g, expected, kCols));
}

TEST(Huge, SoftmaxOfManyRows) {
  const Array z(kRows * kCols, 0.5f, -3, 3, 24);
  const Array y(kRows * kCols, 7, 7, 8, 25);
  const Array loss(kRows, 1, 0, 1, 26);
  const reference::RingMemory<std::int64_t> labels(kRows);
  std::vector<float> expected(static_cast<std::size_t>(kSeenRows * kCols));
  const Matrix expected_rows{expected.data(), kSeenRows, kCols, kCols};
  table().softmax(all_rows(z, kCols), written(all_rows(y, kCols)));
  table().softmax(seen_rows(z, kCols), expected_rows);
  EXPECT_TRUE(reference::same_bits(seen_rows(y, kCols).data, expected.data(), kSeenRows * kCols));
  table().sparse_softmax_cross_entropy(
      {all_rows(z, kCols), labels.data(), nullptr, written(all_rows(y, kCols)), loss.data()});
  table().sparse_softmax_cross_entropy({seen_rows(z, kCols), labels.data() + kRows - kSeenRows,
                                        nullptr, expected_rows, seen_rows(loss, 1).data});
  EXPECT_TRUE(reference::same_bits(seen_rows(y, kCols).data, expected.data(), kSeenRows * kCols));
  table().sparse_softmax_cross_entropy({all_rows(z, kCols), labels.data(), loss.data()});
  table().sparse_softmax_cross_entropy(
      {seen_rows(z, kCols), labels.data() + kRows - kSeenRows, expected.data()});
  EXPECT_TRUE(reference::same_bits(seen_rows(loss, 1).data, expected.data(), kSeenRows));
}

// One row: all is -200 but the last 1003 logits, beside which exp(-200 - most) is 0.
TEST(Huge, SoftmaxOfOneRow) {
  const Array z(kHuge, -200, -3, 3, 27);
  const Array p(kHuge, 7, 7, 8, 28);
  const std::int64_t label = kHuge - 1;
  float loss = 0;
  table().sparse_softmax_cross_entropy({{z.data(), 1, kHuge, kHuge}, &label, &loss});
  double total = 0;
  for (std::int64_t i = 0; i < kSeen; ++i) total += std::exp(static_cast<double>(z.seen()[i]));
  EXPECT_NEAR(loss, std::log(total) - z.seen()[kSeen - 1], 1e-5);
  table().softmax({z.data(), 1, kHuge, kHuge}, {p.data(), 1, kHuge, kHuge});
  EXPECT_NEAR(p.seen()[kSeen - 1], std::exp(static_cast<double>(-loss)), 1e-7);
  EXPECT_EQ(p.data()[0], 0.0f);
}

}  // namespace
}  // namespace holdfast::kernels
