#include <gtest/gtest.h>

#include "ops/evaluate.h"
#include "testing.h"

namespace holdfast::testing {
namespace {

using Sizes = std::vector<std::int64_t>;

Shape reshaped(const Tensor& x, Sizes shape) {
  return apply("reshape", {x}, {{"shape", std::move(shape)}}).shape();
}
std::string reshape_error(const Tensor& x, Sizes shape) {
  return error_of("reshape", {x}, {{"shape", std::move(shape)}});
}

TEST(Reshape, MinusOneTakesTheRest) {
  const Tensor x = floats({2, 3}, {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(reshaped(x, {-1}), (Shape{6}));
  EXPECT_EQ(reshaped(x, {3, -1, 1}), (Shape{3, 2, 1}));
  EXPECT_EQ(reshaped(floats({}, {1}), {1, -1}), (Shape{1, 1}));
  EXPECT_EQ(reshaped(floats({0, 3}, {}), {-1, 3}), (Shape{0, 3}));
}

TEST(Reshape, RefusesOtherNumbersOfElements) {
  const Tensor x = floats({2, 3}, {1, 2, 3, 4, 5, 6});
  const std::string wrong = "node \"reshape\": expected a shape with the elements of [2, 3]; got ";
  EXPECT_EQ(reshape_error(x, {4}), wrong + "[4]");
  EXPECT_EQ(reshape_error(x, {4, -1}), wrong + "[4, ?]");
  EXPECT_EQ(reshape_error(x, {0, -1}), wrong + "[0, ?]");
  const std::string bad =
      "node \"reshape\": shape: expected sizes of 0 and more and one -1 at the most; got ";
  EXPECT_EQ(reshape_error(x, {-1, -1}), bad + "[?, ?]");
  EXPECT_EQ(reshape_error(x, {-2, 3}).substr(0, bad.size()), bad);
  EXPECT_NE(reshape_error(x, {std::int64_t{1} << 40, std::int64_t{1} << 40}), "");  // overflows
  EXPECT_EQ(error_of("reshape_like", {x, floats({5}, {1, 2, 3, 4, 5})}),
            "node \"reshape_like\": expected a shape with the elements of [2, 3]; got [5]");
}

TEST(Squeeze, DropsAxesOfSizeOne) {
  const Tensor x = floats({1, 2, 1}, {1, 2});
  EXPECT_EQ(apply("squeeze", {x}).shape(), (Shape{2}));
  EXPECT_EQ(apply("squeeze", {x}, {{"axes", Sizes{-1}}}).shape(), (Shape{1, 2}));
  EXPECT_EQ(apply("squeeze", {x}, {{"axes", Sizes{0, 2}}}, true).shape(), (Shape{2}));
}

TEST(Squeeze, RefusesOtherSizesAndUnknownOnes) {
  const Tensor x = floats({1, 2}, {1, 2});
  EXPECT_EQ(error_of("squeeze", {x}, {{"axes", Sizes{1}}}),
            "node \"squeeze\": expected size 1 on axis 1; got [1, 2]; leave the axis out");
  EXPECT_EQ(error_of("squeeze", {x}, {{"axes", Sizes{2}}}),
            "node \"squeeze\": expected an axis in -2..1 for rank 2; got 2");
  Graph graph;
  const NodeId unknown = placeholder(graph, x, true);
  EXPECT_ERROR(graph.add("squeeze", {unknown}), Code::kInvalidArgument,
               "expected axes, because not every size of [?, ?] is known; name the axes of size 1");
}

TEST(ExpandDims, InsertsAnAxis) {
  const Tensor x = floats({2}, {1, 2});
  EXPECT_EQ(apply("expand_dims", {x}, {{"axis", std::int64_t{-1}}}).shape(), (Shape{2, 1}));
  EXPECT_EQ(apply("expand_dims", {x}, {{"axis", std::int64_t{0}}}).shape(), (Shape{1, 2}));
  EXPECT_EQ(error_of("expand_dims", {x}, {{"axis", std::int64_t{2}}}),
            "node \"expand_dims\": expected an axis in -2..1 for rank 2; got 2");
}

}  // namespace
}  // namespace holdfast::testing
