#include <gtest/gtest.h>

#include <limits>

#include "ops/gradient_check.h"

namespace holdfast::testing {
namespace {

using F = std::vector<float>;
using Sizes = std::vector<std::int64_t>;

const Tensor& matrix() {
  static const Tensor x = floats({2, 3}, {1, 2, 3, 4, 5, 6});
  return x;
}
Attributes axis(std::int64_t value) { return {{"axis", value}}; }

TEST(Transpose, PermutesAxes) {
  EXPECT_EQ(values_of<float>(apply("transpose", {matrix()}, {{"perm", Sizes{1, 0}}})),
            (F{1, 4, 2, 5, 3, 6}));
  const std::string text = "node \"transpose\": perm: expected each axis of [2, 3] once; got ";
  EXPECT_EQ(error_of("transpose", {matrix()}, {{"perm", Sizes{0, 0}}}), text + "[0, 0]");
  EXPECT_EQ(error_of("transpose", {matrix()}, {{"perm", Sizes{0}}}), text + "[0]");
}

TEST(Tile, Repeats) {
  EXPECT_EQ(values_of<float>(apply("tile", {floats({2}, {1, 2})}, {{"multiples", Sizes{2}}})),
            (F{1, 2, 1, 2}));
  EXPECT_EQ(apply("tile", {matrix()}, {{"multiples", Sizes{0, 2}}}).shape(), (Shape{0, 6}));
  EXPECT_EQ(error_of("tile", {matrix()}, {{"multiples", Sizes{1}}}),
            "node \"tile\": multiples: expected a count of 0 and more for each axis of [2, 3]; got "
            "[1]");
}

TEST(BroadcastLike, RepeatsToAShapeAndNoFurther) {
  for (const bool unknown : {false, true}) {
    EXPECT_EQ(
        values_of<float>(apply("broadcast_like", {floats({2, 1}, {7, 8}), matrix()}, {}, unknown)),
        (F{7, 7, 7, 8, 8, 8}));
  }
  EXPECT_EQ(error_of("broadcast_like", {matrix(), floats({3}, {1, 2, 3})}),
            "node \"broadcast_like\": expected a shape that broadcasts to [3]; got [2, 3]");
  EXPECT_EQ(error_of("sum_like", {floats({3}, {1, 2, 3}), matrix()}),
            "node \"sum_like\": expected a shape that [2, 3] broadcasts to; got [3]");
}

TEST(Concat, JoinsAlongAnAxis) {
  const Tensor column = floats({2, 1}, {7, 8});
  EXPECT_EQ(values_of<float>(apply("concat", {matrix(), column}, axis(-1))),
            (F{1, 2, 3, 7, 4, 5, 6, 8}));
  EXPECT_EQ(values_of<float>(apply("concat", {matrix(), floats({0, 3}, {})}, axis(0))),
            values_of<float>(matrix()));
  const Tensor word = tensor<std::string>(DType::kString, {1}, {"a"});
  EXPECT_EQ(values_of<std::string>(apply("concat", {word, word}, axis(0))),
            (std::vector<std::string>{"a", "a"}));
}

TEST(Concat, RefusesWhatDoesNotJoin) {
  EXPECT_EQ(error_of("concat", {matrix(), floats({1, 1}, {7})}, axis(1)),
            "node \"concat\": expected inputs of equal sizes but on the joined axis; got [2, 3] "
            "and [1, 1]");
  EXPECT_EQ(error_of("concat", {matrix(), ints({2, 1}, {7, 8})}, axis(1)),
            "node \"concat\": expected inputs of one dtype; got float32 and int64; cast one of "
            "them");
  EXPECT_EQ(error_of("concat", {matrix()}, axis(2)),
            "node \"concat\": expected an axis in -2..1 for rank 2; got 2");
}

TEST(Stack, AddsAnAxis) {
  const Tensor a = floats({2}, {1, 2});
  const Tensor b = floats({2}, {3, 4});
  EXPECT_EQ(values_of<float>(apply("stack", {a, b})), (F{1, 2, 3, 4}));
  EXPECT_EQ(values_of<float>(apply("stack", {a, b}, axis(-1))), (F{1, 3, 2, 4}));
  EXPECT_EQ(error_of("stack", {a, matrix()}),
            "node \"stack\": expected inputs of equal sizes; got [2] and [2, 3]");
}

TEST(JoinPart, RefusesPartsThatDoNotMakeTheWhole) {
  const Attributes first = {{"axis", std::int64_t{1}}, {"index", std::int64_t{0}}};
  EXPECT_EQ(
      values_of<float>(apply(
          "join_part", {matrix(), floats({2, 1}, {0, 0}), floats({2, 2}, {0, 0, 0, 0})}, first)),
      (F{1, 4}));
  EXPECT_EQ(error_of("join_part", {matrix(), floats({2, 1}, {0, 0})}, first),
            "node \"join_part\": dy: expected 2 elements; got shape [2, 3]");
  EXPECT_EQ(error_of("join_part", {matrix(), matrix()},
                     {{"axis", std::int64_t{1}}, {"index", std::int64_t{-1}}}),
            "node \"join_part\": index: expected one of 1 inputs; got -1");
}

// Sizes of a file, found by the fuzzer: no product of them may overflow.
TEST(Tile, RefusesSizesPast64Bits) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(error_of("tile", {matrix()}, {{"multiples", Sizes{1, kMost}}}),
            "node \"tile\": multiples: expected sizes that fit in 64 bits; got [1, "
            "9223372036854775807] times the input's sizes");
}

TEST(Slice, AStridePastTheEndTakesTheFirst) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  const Attributes far = {
      {"begin", Sizes{0, 1}}, {"end", Sizes{2, 3}}, {"stride", Sizes{kMost, 1}}, {"drop", Sizes{}}};
  const Tensor first = apply("slice", {matrix()}, far);
  EXPECT_EQ(first.shape(), (Shape{1, 2}));
  EXPECT_EQ(values_of<float>(first),
            (F{values_of<float>(matrix())[1], values_of<float>(matrix())[2]}));
}

}  // namespace
}  // namespace holdfast::testing
