// Lookups, their gradient and their updates: values by hand, gradients by differences, messages.
#include <gtest/gtest.h>

#include <random>

#include "ops/gradient_check.h"

namespace holdfast::testing {
namespace {

using F = std::vector<float>;

Attributes told(const std::string& combiner, double max_norm = 0) {
  Attributes attributes = {{"combiner", combiner},
                           {"what", std::string("C1")},
                           {"hint", std::string("raise num_buckets")}};
  if (max_norm > 0) attributes["max_norm"] = max_norm;
  return attributes;
}

Tensor ints32(Shape shape, const std::vector<std::int32_t>& values) {
  return tensor(DType::kInt32, std::move(shape), values);
}

const Tensor kTable = floats({3, 2}, {1, 2, 3, 4, 5, 6});

TEST(Embedding, TakesARowForEachId) {
  const Tensor y = apply("embedding", {kTable, ints({3}, {2, 0, 2})});
  EXPECT_EQ(y.shape(), (Shape{3, 2}));
  EXPECT_EQ(values_of<float>(y), (F{5, 6, 1, 2, 5, 6}));
  EXPECT_EQ(values_of<float>(apply("embedding", {kTable, ints32({1, 1}, {1})})), (F{3, 4}));
}

// Rows: {1, 2} and {5, 6}; {3, 4} alone beside a missing one; none.
TEST(Embedding, PoolsTheIdsOfARowAndLeavesOutWhatIsMissing) {
  const Tensor ids = ints({3, 2}, {0, 2, -1, 1, -1, -7});
  EXPECT_EQ(values_of<float>(apply("embedding", {kTable, ids}, told("sum"))),
            (F{6, 8, 3, 4, 0, 0}));
  EXPECT_EQ(values_of<float>(apply("embedding", {kTable, ids}, told("mean"))),
            (F{3, 4, 3, 4, 0, 0}));
  const Tensor sqrtn = apply("embedding", {kTable, ids}, told("sqrtn"));
  EXPECT_FLOAT_EQ(sqrtn.data<float>()[0], 6 / std::sqrt(2.0f));
  EXPECT_EQ(sqrtn.data<float>()[2], 3.0f);
  EXPECT_EQ(values_of<float>(apply("embedding", {kTable, ints({2, 0}, {})})), (F{0, 0, 0, 0}));
}

// |{3, 4}| = 5 becomes 2.5; |{0.3, 0.4}| = 0.5 stays.
TEST(Embedding, ScalesLongRowsDownBeforeTheyArePooled) {
  const Tensor table = floats({2, 2}, {3, 4, 0.3f, 0.4f});
  EXPECT_EQ(values_of<float>(apply("embedding", {table, ints({2}, {0, 1})}, told("sum", 2.5))),
            (F{1.5f, 2, 0.3f, 0.4f}));
  const Tensor both = apply("embedding", {table, ints({1, 2}, {0, 1})}, told("mean", 2.5));
  EXPECT_FLOAT_EQ(both.data<float>()[0], (1.5f + 0.3f) / 2);
}

TEST(Embedding, GradientIsThatOfDifferences) {
  const Tensor table = floats({4, 3}, {1, 2, -1, .5f, .25f, -.5f, 2, 1, 1, .75f, -1, .5f});
  const Tensor ids = ints({5, 2}, {0, 2, 2, 2, -1, 1, -1, -1, 0, 1});
  for (const char* combiner : {"sum", "mean", "sqrtn"}) {
    for (const double max_norm : {0.0, 1.0}) {
      check_gradients("embedding", {table, ids}, told(combiner, max_norm));
      check_gradients("embedding", {table, ints32({4}, {3, 0, -1, 3})}, told(combiner, max_norm));
    }
  }
}

TEST(Embedding, GradientSumsEqualIdsAndIsZeroElsewhere) {
  const Tensor dy = floats({3, 2}, {1, 2, 10, 20, 100, 200});
  EXPECT_EQ(values_of<float>(apply("embedding_grad", {dy, ints({3}, {2, 0, 2}), kTable})),
            (F{10, 20, 0, 0, 101, 202}));
}

std::string error_with_ids(const Tensor& ids, const std::string& op = "embedding") {
  if (op == "embedding") return error_of(op, {kTable, ids}, told("mean"));
  return error_of(op, {floats({ids.shape()[0], 2}, F(2 * ids.shape()[0])), ids, kTable},
                  told("mean"));
}

TEST(Embedding, RefusesAnIdPastTheTableInBothPasses) {
  const std::string text =
      "C1: indices[3] = 3 is not in [0, 3): expected an id below 3, got 3 in row 1 of the batch; "
      "raise num_buckets";
  const Tensor ids = ints({2, 2}, {0, -1, 1, 3});
  EXPECT_EQ(error_with_ids(ids), text);
  EXPECT_EQ(error_with_ids(ids, "embedding_grad"), text);
  EXPECT_EQ(error_with_ids(ints32({1}, {2147483647})),
            "C1: indices[0] = 2147483647 is not in [0, 3): expected an id below 3, got 2147483647 "
            "in row 0 of the batch; raise num_buckets");
}

TEST(Embedding, RefusesOtherOptionsDtypesAndShapes) {
  const Tensor ids = ints({1}, {0});
  EXPECT_EQ(error_of("embedding", {kTable, ids}, told("max")),
            "combiner must be one of 'mean', 'sqrtn' or 'sum'; got \"max\"");
  EXPECT_EQ(error_of("embedding", {kTable, floats({1}, {0})}),
            "node \"embedding\": input 1: expected int32 or int64; got float32; cast it first");
  EXPECT_EQ(error_of("embedding", {floats({2}, {0, 0}), ids}),
            "node \"embedding\": table: expected shape [rows, dimension]; got [2]");
  EXPECT_EQ(error_of("embedding", {kTable, ints({1, 1, 1}, {0})}),
            "node \"embedding\": ids: expected shape [batch] or [batch, size]; got [1, 1, 1]");
  EXPECT_EQ(error_of("embedding", {kTable, ids}, {{"max_norm", -1.0}}),
            "node \"embedding\": max_norm: expected a number above 0; got -1.000000");
  EXPECT_EQ(error_of("embedding_grad", {floats({1, 3}, {0, 0, 0}), ids, kTable}),
            "node \"embedding_grad\": dy: expected shape [1, 2]; got [1, 3]");
  EXPECT_EQ(error_of("embedding_grad", {floats({1, 3}, {0, 0, 0}), ids, kTable},
                     {{"column", std::int64_t{2}}}),
            "node \"embedding_grad\": dy: expected shape [1, 2] from column 2; got [1, 3]");
}

TEST(ConcatEmbedding, RefusesListsAndInputsThatDoNotMatch) {
  using Texts = std::vector<std::string>;
  Attributes lists = {{"pieces", Texts{"dense", "mean"}},
                      {"max_norms", std::vector<double>{0, 0}},
                      {"whats", Texts{"", ""}},
                      {"hints", Texts{"", ""}}};
  const Tensor dense = floats({1, 1}, {7});
  const Tensor ids = ints({1}, {1});
  EXPECT_EQ(values_of<float>(apply("concat_embedding", {dense, kTable, ids}, lists)), (F{7, 3, 4}));
  EXPECT_EQ(error_of("concat_embedding", {dense, kTable}, lists),
            "node \"concat_embedding\": expected an input for each dense piece and two for each "
            "lookup; got 2 inputs");
  EXPECT_EQ(error_of("concat_embedding", {floats({2, 1}, {7, 8}), kTable, ids}, lists),
            "node \"concat_embedding\": expected inputs of equal sizes but on the joined axis; got "
            "[1, 2] after [2, 1]");
  lists["whats"] = Texts{""};
  EXPECT_EQ(error_of("concat_embedding", {dense, kTable, ids}, lists),
            "node \"concat_embedding\": expected 2 items in max_norms, whats and hints, as in "
            "pieces");
}

TEST(BoundedIds, ReplaceWhatIsNoIdAndKeepTheMissingOne) {
  const Attributes bounds = {{"size", std::int64_t{3}}, {"default", std::int64_t{1}}};
  EXPECT_EQ(
      values_of<std::int64_t>(apply("bounded_ids", {ints({6}, {0, 2, 3, -1, -2, 99})}, bounds)),
      (std::vector<std::int64_t>{0, 2, 1, -1, 1, 1}));
  const Tensor narrow = apply("bounded_ids", {ints32({1, 2}, {5, 2})}, bounds);
  EXPECT_EQ(narrow.shape(), (Shape{1, 2}));
  EXPECT_EQ(values_of<std::int64_t>(narrow), (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(error_of("bounded_ids", {ints({1}, {0})},
                     {{"size", std::int64_t{3}}, {"default", std::int64_t{3}}}),
            "node \"bounded_ids\": default: expected an id in 0..2; got 3");
}

// A batch of ids that are often equal, its gradient beside other columns, and a table.
struct Batch {
  Tensor table = Tensor(DType::kFloat32, {500, 5});
  Tensor squares = Tensor(DType::kFloat32, {500, 5});
  Tensor dy = Tensor(DType::kFloat32, {4096, 9});
  Tensor ids = Tensor(DType::kInt64, {4096, 2});
  Tensor rate = floats({}, {0.05f});

  explicit Batch(std::int64_t bound = 500) {
    std::mt19937 engine(5);
    std::uniform_real_distribution<float> uniform(-1, 1);
    for (Tensor* values : {&table, &dy}) {
      for (std::int64_t i = 0; i < values->size(); ++i) values->data<float>()[i] = uniform(engine);
    }
    for (std::int64_t i = 0; i < squares.size(); ++i) squares.data<float>()[i] = 0.1f;
    for (std::int64_t i = 0; i < ids.size(); ++i) {
      const double skewed = std::pow(engine() / 4294967296.0, 3) * static_cast<double>(bound + 1);
      ids.data<std::int64_t>()[i] = static_cast<std::int64_t>(skewed) - 1;
    }
  }
  // The gradient's own columns, 3 .. 7.
  Tensor gradient() const {
    Tensor part(DType::kFloat32, {4096, 5});
    for (std::int64_t i = 0; i < 4096; ++i) {
      std::copy_n(dy.data<float>() + i * 9 + 3, 5, part.data<float>() + i * 5);
    }
    return part;
  }
};

Attributes columns_from(std::int64_t column, double max_norm) {
  Attributes attributes = told("mean", max_norm);
  attributes["column"] = column;
  return attributes;
}

TEST(EmbeddingUpdate, IsTheDenseUpdateBitForBitWithAnyThreads) {
  for (const double max_norm : {0.0, 0.5}) {
    const Batch batch;
    const Attributes plain = told("mean", max_norm);
    const Tensor dense = apply("embedding_grad", {batch.gradient(), batch.ids, batch.table}, plain);
    const Tensor table = batch.table.clone();
    const Tensor squares = batch.squares.clone();
    apply("apply_adagrad", {table, squares, batch.rate, dense});
    const Tensor moved = batch.table.clone();
    apply("apply_gradient_descent", {moved, batch.rate, dense});
    for (const int threads : {1, 2, 3}) {
      const Batch same;
      apply("embedding_grad_adagrad", {same.table, same.squares, same.dy, same.ids, same.rate},
            columns_from(3, max_norm), false, threads);
      EXPECT_EQ(values_of<float>(same.table), values_of<float>(table)) << threads;
      EXPECT_EQ(values_of<float>(same.squares), values_of<float>(squares)) << threads;
      const Batch other;
      apply("embedding_grad_gradient_descent", {other.table, other.dy, other.ids, other.rate},
            columns_from(3, max_norm), false, threads);
      EXPECT_EQ(values_of<float>(other.table), values_of<float>(moved)) << threads;
    }
  }
}

// NaN marks every row that is not in the batch: reading one would show in a sum, writing one in
// the table, which is far larger than what the scratch of a batch could hold.
TEST(EmbeddingUpdate, TouchesTheRowsOfTheBatchAlone) {
  constexpr std::int64_t kRows = 200000;
  Tensor table(DType::kFloat32, {kRows, 2});
  Tensor squares(DType::kFloat32, {kRows, 2});
  for (std::int64_t i = 0; i < table.size(); ++i) {
    table.data<float>()[i] = squares.data<float>()[i] = std::nanf("");
  }
  const std::vector<std::int64_t> rows = {0, 777, kRows - 1};
  for (const std::int64_t row : rows) {
    for (std::int64_t j = 0; j < 2; ++j) {
      table.data<float>()[2 * row + j] = 1;
      squares.data<float>()[2 * row + j] = 7;
    }
  }
  const Tensor ids = ints({4}, {777, 0, kRows - 1, 777});
  apply("embedding_grad_adagrad",
        {table, squares, floats({4, 2}, {1, 0, 3, 0, 0, 0, 2, 0}), ids, floats({}, {0.5f})});
  for (std::int64_t i = 0; i < table.size(); ++i) {
    const bool in_batch = std::find(rows.begin(), rows.end(), i / 2) != rows.end();
    ASSERT_EQ(std::isnan(table.data<float>()[i]), !in_batch) << i;
  }
  EXPECT_EQ(table.data<float>()[0], 0.625f);        // g = 3: 1 - 0.5 * 3 / sqrt(7 + 9)
  EXPECT_EQ(table.data<float>()[2 * 777], 0.625f);  // g = 1 + 2
  EXPECT_EQ(squares.data<float>()[2 * 777], 16.0f);
  EXPECT_EQ(table.data<float>()[2 * kRows - 2], 1.0f);
}

TEST(EmbeddingUpdate, TakesMemoryByTheBatchNotByTheTable) {
  const auto scratch_for = [](std::int64_t rows, std::int64_t batch) {
    Node node;
    node.name = node.op = "embedding_grad_adagrad";
    const Shape table = {rows, 16};  // planned only: there is no memory behind it
    KernelContext context{node, {}, {nullptr, DType::kFloat32, table, rows * 16}, 2};
    for (const Shape& shape : {table, table, Shape{batch, 16}, Shape{batch}, Shape{}}) {
      const DType dtype = shape.size() == 1 ? DType::kInt64 : DType::kFloat32;
      context.inputs.push_back({nullptr, dtype, shape, element_count(shape)});
    }
    context.scratch = std::make_shared<Scratch>();
    find_op(node.op).make_kernel(context);
    return context.scratch->bytes();
  };
  const std::int64_t bytes = scratch_for(10, 2048);
  EXPECT_GT(bytes, 0);
  EXPECT_LT(bytes, 2048 * 100);
  EXPECT_EQ(scratch_for(std::int64_t{1} << 40, 2048), bytes);
  EXPECT_GT(scratch_for(10, 4096), bytes);
}

TEST(EmbeddingUpdate, ChangesNothingWhereAnIdIsWrong) {
  const Batch batch(501);  // ids up to 500
  const Tensor before = batch.table.clone();
  const std::string text =
      error_of("embedding_grad_adagrad",
               {batch.table, batch.squares, batch.dy, batch.ids, batch.rate}, columns_from(0, 0));
  EXPECT_NE(text.find("= 500 is not in [0, 500)"), std::string::npos) << text;
  EXPECT_EQ(values_of<float>(batch.table), values_of<float>(before));
}

TEST(Embedding, OfLargeBatchesIsTheSameWithAnyThreads) {
  const Batch batch;
  const Tensor one = apply("embedding", {batch.table, batch.ids}, told("sqrtn"));
  const Tensor two = apply("embedding", {batch.table, batch.ids}, told("sqrtn"), false, 2);
  EXPECT_EQ(values_of<float>(one), values_of<float>(two));
}

}  // namespace
}  // namespace holdfast::testing
