// Operations on tensors of more than 2^32 elements of which they touch a few: tables with more
// rows than fit 32 bits, and columns cut out of rows that long.
#include <gtest/gtest.h>

#include "far_memory.h"
#include "ops/evaluate.h"

namespace holdfast::testing {
namespace {

using reference::FarMemory;
using reference::kBeyondInt32;
using reference::kBeyondUInt32;
using F = std::vector<float>;

constexpr std::int64_t kCols = 4;
constexpr std::int64_t kRows = kBeyondUInt32 / kCols + 7;
// In no order; row 1 stands for all whose number would be left of a cut one.
constexpr std::int64_t kMiddle = kBeyondInt32 / kCols + 1;
const std::vector<std::int64_t> kIds = {kRows - 1, 1, kMiddle};

// Row ids[i] holds i + 1 in every column.
struct FarTable {
  FarMemory<float> memory{kRows * kCols};
  Tensor tensor = Tensor::borrow(DType::kFloat32, {kRows, kCols}, memory.data(), nullptr);

  FarTable() {
    for (std::size_t i = 0; i < kIds.size(); ++i) {
      std::fill_n(row(kIds[i]), kCols, static_cast<float>(i + 1));
    }
  }
  float* row(std::int64_t id) const { return memory.data() + id * kCols; }
};

const F kFound = {1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3};

TEST(Far, RowsByNumber) {
  const FarTable table;
  EXPECT_EQ(values_of<float>(apply("gather", {table.tensor, ints({3}, kIds)})), kFound);
  EXPECT_EQ(values_of<float>(apply("embedding", {table.tensor, ints({3}, kIds)})), kFound);
  // Pooled by "sum", rows longer than max_norm scaled down: |{1, 1, 1, 1}| = 2 becomes 1.
  EXPECT_EQ(values_of<float>(apply("embedding", {table.tensor, ints({1, 2}, {kRows - 1, -1})},
                                   {{"combiner", std::string("sum")}, {"max_norm", 1.0}})),
            (F{0.5f, 0.5f, 0.5f, 0.5f}));
}

TEST(Far, ARowPastTheTableIsNamed) {
  const FarTable table;
  EXPECT_EQ(error_of("gather", {table.tensor, ints({1}, {kRows})}),
            "node \"gather\": expected row numbers in 0..1073741830; got 1073741831 at place 0");
}

// Applies an operation that returns its variable, which evaluate() would copy: only that it is
// done.
void update(const std::string& op, const std::vector<Tensor>& inputs) {
  Graph graph;
  std::map<NodeId, Tensor> feeds;
  std::vector<NodeId> ids;
  for (const Tensor& input : inputs) {
    ids.push_back(placeholder(graph, input));
    feeds[ids.back()] = input;
  }
  evaluate(graph, graph.add("group", {graph.add(op, ids)}), feeds);
}

// Adagrad of row kIds[i]: g = 3, a = 16 + 9, w = i + 1 - 0.5 * 3 / 5.
TEST(Far, UpdatesOfTouchedRows) {
  const FarTable table;
  const FarTable accumulator;
  for (const std::int64_t id : kIds) std::fill_n(accumulator.row(id), kCols, 16.0f);
  const Tensor dy = floats({4, kCols}, F(4 * kCols, 1.5f));
  // Every row twice: the second time with the same gradient.
  std::vector<std::int64_t> twice = {kIds[0], kIds[0], kIds[2], kIds[2]};
  update("embedding_grad_adagrad",
         {table.tensor, accumulator.tensor, dy, ints({4}, twice), floats({}, {0.5f})});
  for (const std::size_t i : {0u, 2u}) {
    EXPECT_EQ(accumulator.row(kIds[i])[kCols - 1], 25.0f) << i;
    EXPECT_EQ(table.row(kIds[i])[0], static_cast<float>(i + 1) - 0.5f * 3 / 5) << i;
  }
  EXPECT_EQ(table.row(1)[0], 2.0f);
  update("embedding_grad_gradient_descent",
         {table.tensor, dy, ints({4}, twice), floats({}, {0.5f})});
  EXPECT_EQ(table.row(kIds[0])[1], 1.0f - 0.5f * 3 / 5 - 0.5f * 3);
}

// Two rows of 2^32 + 1 columns; columns 2^31 + 5 and the last.
TEST(Far, SlicesOfLongRows) {
  constexpr std::int64_t kLong = kBeyondUInt32 + 1;
  const FarMemory<float> memory(2 * kLong);
  const Tensor x = Tensor::borrow(DType::kFloat32, {2, kLong}, memory.data(), nullptr);
  memory.data()[kBeyondInt32 + 5] = 1;
  memory.data()[kLong + kBeyondInt32 + 5] = 2;
  memory.data()[2 * kLong - 1] = 3;
  const auto columns = [&](std::int64_t begin) {
    const Attributes attributes = {{"begin", Shape{0, begin}},
                                   {"end", Shape{2, begin + 1}},
                                   {"stride", Shape{1, 1}},
                                   {"drop", Shape{}}};
    return values_of<float>(apply("slice", {x}, attributes));
  };
  EXPECT_EQ(columns(kBeyondInt32 + 5), (F{1, 2}));
  EXPECT_EQ(columns(kLong - 1), (F{0, 3}));
  EXPECT_EQ(values_of<std::int64_t>(apply("size_of", {x})), (std::vector<std::int64_t>{2 * kLong}));
}

}  // namespace
}  // namespace holdfast::testing
