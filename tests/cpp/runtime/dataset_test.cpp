#include "holdfast/dataset.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <numeric>

#include "holdfast/error.h"

namespace holdfast {
namespace {

using Values = std::vector<std::int64_t>;

Tensor numbers(std::int64_t count, std::int64_t first = 0) {
  Tensor tensor(DType::kInt64, {count});
  std::iota(tensor.data<std::int64_t>(), tensor.data<std::int64_t>() + count, first);
  return tensor;
}

Dataset range(std::int64_t count, std::int64_t first = 0) {
  return Dataset::from_table({numbers(count, first)});
}

// Component 0 of the current element, int64.
Values current(const Input& input) {
  Values values(static_cast<std::size_t>(element_count(input.shape(0))));
  input.copy(0, values.data());
  return values;
}

// Up to `most` elements; a row is a list of one.
std::vector<Values> read(Input& input, int most = 1000) {
  std::vector<Values> all;
  while (static_cast<int>(all.size()) < most && input.advance()) all.push_back(current(input));
  return all;
}
std::vector<Values> read(const Dataset& dataset, std::uint64_t seed = 0, int most = 1000) {
  return read(*dataset.make_input(seed), most);
}

Values flat(const std::vector<Values>& elements) {
  Values all;
  for (const Values& element : elements) all.insert(all.end(), element.begin(), element.end());
  return all;
}

std::string error_of(const std::function<void()>& call, Code code = Code::kInvalidArgument) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

// Rows 0 .. count-1 as int64 scalars, or of the shapes given.
RowSource counting_rows(std::int64_t count, int* passes = nullptr, std::vector<Shape> shapes = {}) {
  class Reader final : public RowReader {
   public:
    Reader(std::int64_t count, std::vector<Shape> shapes)
        : count_(count), shapes_(std::move(shapes)) {}
    bool next(std::vector<Tensor>& row) override {
      if (at_ == count_) return false;
      const Shape shape = shapes_.empty() ? Shape{} : shapes_[static_cast<std::size_t>(at_)];
      Tensor value(DType::kInt64, shape);
      std::fill_n(value.data<std::int64_t>(), value.size(), at_++);
      row.assign(1, value);
      return true;
    }

   private:
    std::int64_t count_;
    std::vector<Shape> shapes_;
    std::int64_t at_ = 0;
  };
  return [=] {
    if (passes != nullptr) ++*passes;
    return std::make_unique<Reader>(count, shapes);
  };
}
Dataset generated(std::int64_t count, int* passes = nullptr) {
  return Dataset::from_generator(counting_rows(count, passes), {{DType::kInt64, {}}});
}

TEST(Dataset, BatchesRunAcrossEpochsWhenRepeatedFirst) {
  EXPECT_EQ(read(range(3).repeat(2).batch(4)), (std::vector<Values>{{0, 1, 2, 0}, {1, 2}}));
  EXPECT_EQ(read(range(3).batch(2).repeat(2)), (std::vector<Values>{{0, 1}, {2}, {0, 1}, {2}}));
  EXPECT_EQ(read(range(3).repeat(2).batch(4, true)), (std::vector<Values>{{0, 1, 2, 0}}));
}

TEST(Dataset, SelectsElements) {
  EXPECT_EQ(flat(read(range(5).take(2))), (Values{0, 1}));
  EXPECT_EQ(flat(read(range(5).take(-1).skip(3))), (Values{3, 4}));
  EXPECT_EQ(flat(read(range(5).skip(-1))), Values{});
  EXPECT_EQ(flat(read(range(7).shard(3, 1))), (Values{1, 4}));
  EXPECT_EQ(flat(read(range(2).concatenate(range(2, 10)).repeat(2))),
            (Values{0, 1, 10, 11, 0, 1, 10, 11}));
  // A batch that takes rows of two tables.
  EXPECT_EQ(read(range(3).concatenate(range(2, 10)).batch(4)),
            (std::vector<Values>{{0, 1, 2, 10}, {11}}));
}

TEST(Dataset, RepeatingNothingEnds) {
  EXPECT_TRUE(read(range(0).repeat()).empty());
  EXPECT_TRUE(read(generated(0).repeat()).empty());
  EXPECT_TRUE(read(range(4).repeat(0)).empty());
}

TEST(Dataset, ShuffleIsAPermutationThatChangesWithTheEpoch) {
  const auto all = flat(read(range(100).shuffle(1000).repeat(2), 7));
  Values first(all.begin(), all.begin() + 100);
  Values second(all.begin() + 100, all.end());
  EXPECT_NE(first, second);
  std::sort(first.begin(), first.end());
  std::sort(second.begin(), second.end());
  EXPECT_EQ(first, flat(read(range(100))));
  EXPECT_EQ(second, first);
}

TEST(Dataset, ShuffleHandsOutNothingBeforeItHasEnteredTheBuffer) {
  const auto order = flat(read(range(200).shuffle(8), 3));
  // Element e can be handed out once e - 7 others have made room for it.
  for (std::size_t at = 0; at < order.size(); ++at) {
    EXPECT_LT(order[at], static_cast<std::int64_t>(at) + 8);
  }
  EXPECT_EQ(flat(read(range(20).shuffle(1), 3)), flat(read(range(20))));
}

TEST(Dataset, ShuffleChoosesUniformly) {
  // 4000 orders of 8 rows: how often row 0 comes first, 500 expected, standard deviation
  // sqrt(4000 * 1/8 * 7/8) = 21; six of them allowed.
  std::vector<int> first(8);
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    ++first[static_cast<std::size_t>(read(range(8).shuffle(8), seed, 1)[0][0])];
  }
  for (const int count : first) EXPECT_NEAR(count, 500, 126);
}

TEST(Dataset, ShuffleSeedsDecideTheOrder) {
  const Dataset run_seeded = range(50).shuffle(50);
  EXPECT_EQ(read(run_seeded, 1), read(run_seeded, 1));
  EXPECT_NE(read(run_seeded, 1), read(run_seeded, 2));
  const Dataset seeded = range(50).shuffle(50, 5);
  EXPECT_EQ(read(seeded, 1), read(seeded, 2));
  const auto once = flat(read(range(50).shuffle(50, 5, false).repeat(2)));
  EXPECT_TRUE(std::equal(once.begin(), once.begin() + 50, once.begin() + 50));
  // Two shuffles of one seed do not undo or repeat each other.
  EXPECT_NE(read(range(50).shuffle(50, 5)), read(range(50).shuffle(50, 5).shuffle(50, 5)));
}

TEST(Dataset, LargeBuffersChooseWithTwoWords) {
  auto order = flat(read(range(300).shuffle(1 << 20), 1));
  EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));
  std::sort(order.begin(), order.end());
  EXPECT_EQ(order, flat(read(range(300))));
}

std::vector<Dataset> many_datasets() {
  return {range(10).repeat(5).batch(4),
          range(10).shuffle(4).repeat(5).batch(3),
          range(10).shuffle(100).repeat().batch(7).take(40),
          range(10).shuffle(6, 9, false).batch(3).shuffle(2).repeat(6),
          range(10).repeat(3).shuffle(12).skip(2).repeat(2),
          range(11).shard(3, 2).repeat(4).take(9).repeat(2).batch(2, true),
          range(4).concatenate(range(3, 50).shuffle(2)).repeat(4).batch(5),
          range(5).repeat().take(13).repeat(3),
          range(6).batch(4).skip(1).concatenate(range(5).batch(2)).repeat(3).shuffle(4),
          generated(7).shuffle(3).repeat(3).batch(4),
          generated(7).take(5).repeat().take(23).shuffle(4).batch(2).shuffle(3)};
}

TEST(Dataset, SkippingIsReadingWithoutLooking) {
  int number = 0;
  for (const Dataset& dataset : many_datasets()) {
    SCOPED_TRACE(dataset.fingerprint());
    const auto all = read(dataset, 11);
    ASSERT_GT(all.size(), 3u) << number;
    for (std::size_t first = 0; first <= all.size() + 1; ++first) {
      auto input = dataset.make_input(11);
      input->skip(static_cast<std::int64_t>(first));
      const std::size_t passed = std::min(first, all.size());
      EXPECT_EQ(input->consumed(), static_cast<std::int64_t>(passed));
      // Some are read, some are passed over again.
      auto some = read(*input, 2);
      input->skip(2);
      for (auto& element : read(*input)) some.push_back(std::move(element));
      std::vector<Values> expected(all.begin() + static_cast<std::ptrdiff_t>(passed), all.end());
      expected.erase(
          expected.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(2, expected.size())),
          expected.begin() +
              static_cast<std::ptrdiff_t>(std::min<std::size_t>(4, expected.size())));
      EXPECT_EQ(some, expected) << "after " << first;
    }
    ++number;
  }
}

TEST(Dataset, SkipsFarByArithmetic) {
  auto input = range(120).shuffle(1000).repeat().batch(100).make_input(1);
  input->skip(std::int64_t{1} << 50);  // would take years element by element
  EXPECT_TRUE(input->advance());
  EXPECT_EQ(input->consumed(), (std::int64_t{1} << 50) + 1);
  auto finite = range(120).batch(50).make_input();
  finite->skip(std::numeric_limits<std::int64_t>::max());
  EXPECT_FALSE(finite->advance());
  EXPECT_EQ(finite->consumed(), 3);
}

TEST(Dataset, CardinalityFollowsTfData) {
  EXPECT_EQ(range(10).batch(3).cardinality(), 4);
  EXPECT_EQ(range(10).batch(3, true).cardinality(), 3);
  EXPECT_EQ(range(10).repeat().batch(3).cardinality(), kInfinite);
  EXPECT_EQ(range(10).repeat().take(7).cardinality(), 7);
  EXPECT_EQ(range(10).skip(4).shard(4, 1).cardinality(), 2);
  EXPECT_EQ(range(0).repeat().cardinality(), 0);
  EXPECT_EQ(generated(3).take(2).cardinality(), kUnknownSize);
  EXPECT_EQ(generated(3).concatenate(range(2).repeat()).cardinality(), kInfinite);
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  const Dataset huge = range(4).repeat(std::int64_t{1} << 62);
  EXPECT_EQ(huge.cardinality(), kMost);
  EXPECT_EQ(huge.concatenate(huge).cardinality(), kMost);
}

TEST(Dataset, GathersEveryWidthAndText) {
  Tensor narrow(DType::kUInt8, {4});
  Tensor wide(DType::kFloat32, {4, 3});
  Tensor text(DType::kString, {4});
  for (int i = 0; i < 4; ++i) {
    narrow.data<std::uint8_t>()[i] = static_cast<std::uint8_t>(i);
    for (int j = 0; j < 3; ++j) wide.data<float>()[3 * i + j] = static_cast<float>(10 * i + j);
    text.data<std::string>()[i] = std::string(static_cast<std::size_t>(i), 'x');
  }
  const auto input = Dataset::from_table({numbers(4), narrow, wide, text})
                         .shuffle(4)
                         .repeat(3)
                         .batch(3)
                         .make_input(2);
  while (input->advance()) {
    const Values rows = current(*input);
    std::vector<std::uint8_t> bytes(3);
    std::vector<float> floats(9);
    std::vector<std::string> strings(3);
    input->copy(1, bytes.data());
    input->copy(2, floats.data());
    input->copy(3, strings.data());
    EXPECT_EQ(input->shape(2), (Shape{3, 3}));
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(bytes[i], rows[i]);
      EXPECT_EQ(floats[3 * i + 2], static_cast<float>(10 * rows[i] + 2));
      EXPECT_EQ(strings[i].size(), static_cast<std::size_t>(rows[i]));
    }
  }
  EXPECT_EQ(input->consumed(), 4);
}

TEST(Dataset, GeneratorsAreCalledAnewForEveryPass) {
  int passes = 0;
  EXPECT_EQ(flat(read(generated(3, &passes).repeat(2))), (Values{0, 1, 2, 0, 1, 2}));
  EXPECT_EQ(passes, 2);
}

TEST(Dataset, GeneratorRowsAreChecked) {
  const Shape one = {1}, two = {2};
  const auto variable =
      Dataset::from_generator(counting_rows(2, nullptr, {one, two}), {{DType::kInt64, {-1}}});
  EXPECT_EQ(read(variable), (std::vector<Values>{{0}, {1, 1}}));
  EXPECT_EQ(error_of([&] { read(variable.batch(2)); }),
            "batch: component 0: expected rows of shape [1], as the first of the batch; got [2] in "
            "row 1 of the batch. Bring the rows to one shape before batch()");
  const auto fixed =
      Dataset::from_generator(counting_rows(2, nullptr, {one, two}), {{DType::kInt64, {1}}});
  EXPECT_EQ(error_of([&] { read(fixed); }),
            "from_generator: row 1, component 0: expected int64 [1]; got int64 [2]. Correct what "
            "the generator yields, or output_types and output_shapes");
}

TEST(Dataset, MapAppliesAGraphBeforeAndBehindBatch) {
  const auto floats = [] {
    Tensor tensor(DType::kFloat32, {5});
    for (int i = 0; i < 5; ++i) tensor.data<float>()[i] = static_cast<float>(i - 2);
    return Dataset::from_table({numbers(5), tensor});
  }();
  const auto relu = [](const Shape& shape) {
    auto graph = std::make_shared<Graph>();
    const NodeId labels =
        graph->add("placeholder", {}, {{"dtype", std::string("int64")}, {"shape", shape}});
    const NodeId x =
        graph->add("placeholder", {}, {{"dtype", std::string("float32")}, {"shape", shape}});
    return MapFunction{graph, {labels, x}, {labels, graph->add("relu", {x})}};
  };
  for (const Dataset& dataset : {floats.map(relu({})).shuffle(3).repeat(2).batch(4),
                                 floats.shuffle(3).repeat(2).batch(4).map(relu({-1}))}) {
    const auto input = dataset.make_input(1);
    int rows = 0;
    while (input->advance()) {
      const Values labels = current(*input);
      std::vector<float> values(labels.size());
      input->copy(1, values.data());
      for (std::size_t i = 0; i < labels.size(); ++i, ++rows) {
        EXPECT_EQ(values[i], static_cast<float>(std::max<std::int64_t>(labels[i] - 2, 0)));
      }
    }
    EXPECT_EQ(rows, 10);
  }
  EXPECT_EQ(error_of([&] { floats.batch(2).map(relu({})); }),
            "map: component 0: expected a placeholder that takes int64 [?]; got \"placeholder\", a "
            "placeholder of int64 []");
}

TEST(Dataset, RefusesWhatMakesNoSense) {
  EXPECT_EQ(error_of([] { Dataset::from_table({numbers(3), numbers(2)}); }),
            "from_table: column 1: expected 3 rows, as in column 0; got 2");
  EXPECT_EQ(error_of([] { Dataset::from_table({numbers(3), numbers(3)}, {"x"}); }),
            "from_table: expected a name for each of 2 components, or none; got 1");
  EXPECT_EQ(error_of([] { Dataset::from_generator(RowSource(), {{DType::kInt64, {}}}); }),
            "from_generator: expected a function that opens the rows; got an empty one");
  EXPECT_EQ(error_of([] {
              const auto none = [] { return std::unique_ptr<RowReader>(); };
              Dataset::from_generator(none, {{DType::kInt64, {}}}).make_input()->advance();
            }),
            "from_generator: expected a reader of the rows from 0 on, which may be of none; got a "
            "null pointer");
  EXPECT_EQ(error_of([] { range(3).batch(0); }), "batch: batch_size: expected at least 1; got 0");
  EXPECT_EQ(error_of([] { range(3).shuffle(0); }),
            "shuffle: buffer_size: expected at least 1; got 0");
  EXPECT_EQ(error_of([] { range(3).shard(2, 2); }), "shard: index: expected 0 to 1; got 2");
  EXPECT_EQ(error_of([] { range(3).batch(2).batch(2); }, Code::kUnimplemented),
            "batch: the elements are batches already; expected rows. Batches of batches are not "
            "supported: call batch() once");
  const auto input = range(1).make_input();
  EXPECT_EQ(error_of([&] { input->shape(0); }, Code::kFailedPrecondition),
            "input: there is no current element; expected advance() to have returned true");
}

TEST(Dataset, FingerprintNamesTheDataWithoutRunSeeds) {
  const auto text = range(10).shuffle(5).repeat().batch(4).fingerprint();
  EXPECT_EQ(text, "table[10](int64 [])|shuffle(5)|repeat(-1)|batch(4)");
  EXPECT_NE(range(10).shuffle(5, 3).fingerprint(), range(10).shuffle(5, 4).fingerprint());
}

TEST(DatasetInput, GathersRowsAtAStride) {
  const auto input = range(10).batch(4).make_input();
  ASSERT_TRUE(input->advance());
  ASSERT_TRUE(input->copies_rows());
  Values joined(8, -1);  // rows of two numbers, of which the input fills the second
  input->copy_rows(0, 1, 3, joined.data() + 1, 2 * sizeof(std::int64_t));
  EXPECT_EQ(joined, (Values{-1, 1, -1, 2, -1, 3, -1, -1}));
}

TEST(DatasetInput, ShapesChangeWithTheNumberOfRowsAlone) {
  const auto input = range(10).batch(4).make_input();
  ASSERT_TRUE(input->advance());
  EXPECT_TRUE(input->shapes_changed());  // from nothing to 4
  ASSERT_TRUE(input->advance());
  EXPECT_FALSE(input->shapes_changed());
  ASSERT_TRUE(input->advance());
  EXPECT_TRUE(input->shapes_changed());  // the last 2
}

TEST(DatasetInput, SingleRowsAreNotCopiedByRows) {
  const auto input = range(3).make_input();
  ASSERT_TRUE(input->advance());
  EXPECT_FALSE(input->copies_rows());
}

}  // namespace
}  // namespace holdfast
