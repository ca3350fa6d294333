// Trainer::resume_input: the next batch is the one that would have come, or an error says why not.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <numeric>
#include <optional>
#include <string>

#include "holdfast/dataset.h"
#include "holdfast/layers.h"
#include "holdfast/trainer.h"
#include "testing.h"

namespace holdfast {
namespace {

// Counts batches and remembers the last one.
class ResumeInput : public ::testing::Test {
 protected:
  ResumeInput() {
    std::filesystem::remove_all(dir_);
    x_ = placeholder(graph_, "x", DType::kInt64, {-1});
    const NodeId one = graph_.add("constant", {},
                                  {{"dtype", std::string("int64")},
                                   {"shape", Shape{}},
                                   {"values", std::vector<std::int64_t>{1}}});
    step_ = graph_.add("assign_add", {global_step(graph_), one});
  }
  ~ResumeInput() override { std::filesystem::remove_all(dir_); }

  static Dataset numbers(std::optional<std::uint64_t> seed = std::nullopt) {
    Tensor column(DType::kInt64, {20});
    std::iota(column.data<std::int64_t>(), column.data<std::int64_t>() + 20, 0);
    return Dataset::from_table({column}, {"x"}).shuffle(20, seed).repeat().batch(3);
  }
  Trainer trainer(const Dataset& data, std::uint64_t seed = 5) const {
    Trainer made(graph_, {seed, 1});
    made.set_input(data.make_input(made.seed()), {x_});
    return made;
  }
  std::vector<std::int64_t> batch_after(Trainer& trainer, std::int64_t steps) const {
    const Tensor batch = trainer.run(steps, {step_}, {x_}).fetched.at(0);
    return {batch.data<std::int64_t>(), batch.data<std::int64_t>() + batch.size()};
  }
  CheckpointReader saved_after(std::int64_t steps) const {
    Trainer first = trainer(numbers());
    first.run(steps, {step_}, {});
    return CheckpointReader(CheckpointWriter(dir_.string()).save(first.contents()));
  }

  Graph graph_;
  NodeId x_ = kNoNode;
  NodeId step_ = kNoNode;
  // Of this process: tests run side by side.
  std::filesystem::path dir_ = std::filesystem::path(::testing::TempDir()) /
                               ("holdfast_resume_input_test." + std::to_string(::getpid()));
};

TEST_F(ResumeInput, GoesOnWithTheNextBatch) {
  Trainer whole = trainer(numbers());
  const auto expected = batch_after(whole, 12);
  const CheckpointReader reader = saved_after(11);
  Trainer second = trainer(numbers(), 77);
  second.restore(reader);
  EXPECT_EQ(second.seed(), 5u);
  second.set_input(numbers().make_input(second.seed()), {x_});
  EXPECT_EQ(second.resume_input(reader), 11);
  EXPECT_EQ(batch_after(second, 1), expected);
  EXPECT_EQ(second.global_step(), 12);
}

TEST_F(ResumeInput, ACheckpointThatHadSeenNothingMovesNothing) {
  const CheckpointReader reader = saved_after(0);
  Trainer second = trainer(numbers());
  EXPECT_EQ(second.resume_input(reader), 0);
}

TEST_F(ResumeInput, OtherDataAreRefused) {
  const CheckpointReader reader = saved_after(2);
  Trainer other = trainer(numbers().take(7));
  EXPECT_ERROR(other.resume_input(reader), Code::kFailedPrecondition,
               "had seen 2 batches of table[20](int64 [] x)|shuffle(20)|repeat(-1)|batch(3); this "
               "input is table[20](int64 [] x)|shuffle(20)|repeat(-1)|batch(3)|take(7)");
  EXPECT_EQ(batch_after(other, 1).size(), 3u);  // it still works, from the beginning
}

TEST_F(ResumeInput, AnotherOrderIsRefused) {
  const CheckpointReader reader = saved_after(2);
  Trainer other = trainer(numbers(), 6);
  EXPECT_ERROR(other.resume_input(reader), Code::kFailedPrecondition,
               "this input in another order; shuffle() it with the same seed, or make_input() with "
               "the trainer's seed() after restore()");
}

TEST_F(ResumeInput, AnInputThatIsNotThereOrHasBeenReadIsRefused) {
  const CheckpointReader reader = saved_after(2);
  Trainer used = trainer(numbers());
  used.run(1, {step_}, {});
  EXPECT_ERROR(used.resume_input(reader), Code::kFailedPrecondition,
               "expected an input at its beginning; call set_input() with a new one first");
  Trainer none(graph_, {5, 1});
  EXPECT_ERROR(none.resume_input(reader), Code::kFailedPrecondition, "call set_input()");
}

}  // namespace
}  // namespace holdfast
