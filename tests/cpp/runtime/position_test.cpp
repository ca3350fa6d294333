// Positions: what they mean, and how a pipeline finds them again.
#include <gtest/gtest.h>

#include <limits>
#include <numeric>
#include <vector>

#include "base/json.h"
#include "holdfast/dataset.h"
#include "runtime/training_state.h"

namespace holdfast {
namespace {

using Values = std::vector<std::int64_t>;

Dataset range(std::int64_t count) {
  Tensor tensor(DType::kInt64, {count});
  std::iota(tensor.data<std::int64_t>(), tensor.data<std::int64_t>() + count, 0);
  return Dataset::from_table({tensor}, {"number"});
}

class Counting final : public RowReader {
 public:
  Counting(std::int64_t at, std::int64_t end, std::int64_t* made)
      : at_(at), end_(end), made_(made) {}
  bool next(std::vector<Tensor>& row) override {
    if (at_ >= end_) return false;
    Tensor value(DType::kInt64, {});
    *value.data<std::int64_t>() = at_++;
    row.assign(1, value);
    ++*made_;
    return true;
  }

 private:
  std::int64_t at_;
  std::int64_t end_;
  std::int64_t* made_;
};

// 0 .. count-1, resumable; counts in `made` the rows it makes.
Dataset resumable(std::int64_t count, std::int64_t* made) {
  return Dataset::from_resumable(
      [=](std::int64_t first) { return std::make_unique<Counting>(first, count, made); },
      {{DType::kInt64, {}}}, {"number"});
}
Dataset generated(std::int64_t count, std::int64_t* made) {
  return Dataset::from_generator([=] { return std::make_unique<Counting>(0, count, made); },
                                 {{DType::kInt64, {}}});
}

Values rest(Input& input, int most = 1000) {
  Values values;
  while (static_cast<int>(values.size()) < most && input.advance()) {
    input.copy(0, &values.emplace_back());
  }
  return values;
}

std::int64_t epoch_after(const Dataset& dataset, std::int64_t consumed) {
  const auto input = dataset.make_input();
  input->skip(consumed);
  return input->epoch();
}

TEST(Position, TellsTheEpoch) {
  EXPECT_EQ(epoch_after(range(10).shuffle(3).repeat().batch(4), 4), 1);  // 16 rows
  EXPECT_EQ(epoch_after(range(10).shuffle(3).repeat().batch(4), 5), 2);
  EXPECT_EQ(epoch_after(range(10).batch(4).repeat(), 5), 1);  // 3 batches a pass
  EXPECT_EQ(epoch_after(range(10).repeat().skip(5).take(100), 15), 2);
  EXPECT_EQ(epoch_after(range(10).repeat().shard(2, 1), 5), 1);
  EXPECT_EQ(epoch_after(range(10).skip(-1), 0), 0);
  EXPECT_EQ(epoch_after(range(10).batch(4), 2), 0);
  std::int64_t made = 0;
  EXPECT_LT(epoch_after(generated(10, &made).repeat(), 25), 0);
}

TEST(Position, FarBeyondAllRowsStopsAtTheLargestNumber) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(epoch_after(range(10).repeat().skip(kMost - 1), 5), kMost / 10);
}

TEST(Position, OrderIsTheKeysOfAllShuffles) {
  const auto order = [](const Dataset& dataset, std::uint64_t seed = 1) {
    return dataset.make_input(seed)->order();
  };
  EXPECT_EQ(order(range(5).batch(2)), 0U);
  EXPECT_NE(order(range(5).shuffle(2)), 0U);
  EXPECT_EQ(order(range(5).shuffle(2)), order(range(9).repeat().shuffle(2).batch(3)));
  EXPECT_NE(order(range(5).shuffle(2), 1), order(range(5).shuffle(2), 2));
  EXPECT_EQ(order(range(5).shuffle(2, 7), 1), order(range(5).shuffle(2, 7), 2));
  EXPECT_NE(order(range(5).shuffle(2)), order(range(5).shuffle(2).shuffle(2)));
  EXPECT_NE(order(range(5).concatenate(range(5).shuffle(2))), 0U);
}

TEST(Position, HasNextReadsAheadWithoutMoving) {
  const auto input = range(3).make_input();
  EXPECT_TRUE(input->has_next());
  EXPECT_TRUE(input->has_next());
  EXPECT_EQ(input->consumed(), 0);
  input->skip(2);
  EXPECT_EQ(input->consumed(), 2);
  EXPECT_TRUE(input->has_next());
  EXPECT_EQ(rest(*input), Values{2});
  EXPECT_FALSE(input->has_next());
  EXPECT_EQ(input->consumed(), 3);
}

TEST(Position, OfAResumableSourceIsFoundWithoutReading) {
  std::int64_t made = 0;
  const auto endless = resumable(std::int64_t{1} << 60, &made).batch(8).make_input();
  endless->skip(std::int64_t{1} << 40);
  EXPECT_EQ(made, 1);
  made = 0;
  const auto input = resumable(100, &made).repeat().make_input();
  input->skip(1'000'000'042);
  EXPECT_LT(made, 20);
  EXPECT_EQ(rest(*input, 3), (Values{42, 43, 44}));
}

TEST(Position, BehindAShuffleTakesOnePassAtMost) {
  std::int64_t made = 0;
  const auto input = resumable(100, &made).shuffle(10).repeat().make_input(3);
  input->skip(999'999'990);
  EXPECT_LT(made, 120);
  const auto table = range(100).shuffle(10).repeat().make_input(3);
  table->skip(999'999'990);
  EXPECT_EQ(rest(*input, 25), rest(*table, 25));
}

TEST(Position, OfAPlainGeneratorIsReached) {
  std::int64_t made = 0;
  const Dataset plain = generated(10, &made).repeat();
  EXPECT_TRUE(plain.batch(2).replays());
  EXPECT_TRUE(range(1).concatenate(generated(1, &made)).replays());
  EXPECT_FALSE(resumable(1, &made).concatenate(range(1)).replays());
  const auto input = plain.make_input();
  input->skip(34);
  EXPECT_EQ(made, 34);
  EXPECT_EQ(rest(*input, 2), (Values{4, 5}));
}

TEST(Position, IsInTheTrainingState) {
  const auto input = range(10).shuffle(4).repeat().batch(4).make_input(9);
  input->skip(6);
  const Json state = parse_json(training_state_json(9, 6, input.get(), "{}"));
  const Json& position = state.at("input");
  EXPECT_EQ(position.at("epoch").as_int(), 2);
  EXPECT_EQ(position.at("consumed").as_int(), 6);
  EXPECT_EQ(position.at("order_key").as_string().size(), 8U);
  EXPECT_EQ(position.at("source_fingerprint").as_string(),
            "table[10](int64 [] number)|shuffle(4)|repeat(-1)|batch(4)");
  std::int64_t made = 0;
  const auto plain = generated(3, &made).batch(1).make_input();
  const Json other = parse_json(training_state_json(9, 0, plain.get(), "{}"));
  EXPECT_EQ(other.at("input").find("order_key"), nullptr);
}

}  // namespace
}  // namespace holdfast
