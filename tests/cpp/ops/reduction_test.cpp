#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "ops/gradient_check.h"

namespace holdfast::testing {
namespace {

using F = std::vector<float>;
using I = std::vector<std::int64_t>;

Attributes axes(I list, bool keep_dims = false) {
  return {{"axes", std::move(list)}, {"keep_dims", keep_dims}};
}

TEST(Reduction, SumsAnyAxes) {
  // x[i, j, k] = 100 i + 10 j + k
  F values;
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 2; ++j)
      for (int k = 0; k < 3; ++k) values.push_back(static_cast<float>(100 * i + 10 * j + k));
  const Tensor x = floats({2, 2, 3}, values);
  EXPECT_EQ(values_of<float>(apply("reduce_sum", {x})), (F{672}));  // 6*100 + 6*10 + 4*(0+1+2)
  EXPECT_EQ(values_of<float>(apply("reduce_sum", {x}, axes({-1}))), (F{3, 33, 303, 333}));
  EXPECT_EQ(values_of<float>(apply("reduce_sum", {x}, axes({0}))),
            (F{100, 102, 104, 120, 122, 124}));
  EXPECT_EQ(values_of<float>(apply("reduce_sum", {x}, axes({1}))), (F{10, 12, 14, 210, 212, 214}));
  EXPECT_EQ(values_of<float>(apply("reduce_sum", {x}, axes({0, 2}))), (F{306, 366}));
  EXPECT_EQ(apply("reduce_sum", {x}, axes({0, 2}, true)).shape(), (Shape{1, 2, 1}));
  EXPECT_EQ(values_of<float>(apply("reduce_mean", {x}, axes({2}))), (F{1, 11, 101, 111}));
}

TEST(Reduction, OfNothing) {
  const Tensor none = floats({0, 2}, {});
  EXPECT_EQ(values_of<float>(apply("reduce_sum", {none}, axes({0}))), (F{0, 0}));
  EXPECT_TRUE(std::isnan(values_of<float>(apply("reduce_mean", {none}))[0]));
  EXPECT_EQ(values_of<float>(apply("reduce_max", {none}))[0],
            -std::numeric_limits<float>::infinity());
  EXPECT_EQ(apply("reduce_sum", {none}, axes({1})).shape(), (Shape{0}));
  EXPECT_EQ(error_of("reduce_mean", {ints({0}, {})}),
            "node \"reduce_mean\": expected a mean of at least one integer; got shape [0]; cast to "
            "float32, where the mean of nothing is NaN");
}

TEST(Reduction, DoesNotDependOnTheNumberOfThreads) {
  F values;
  for (int i = 0; i < 301 * 400; ++i) values.push_back(1.0f / static_cast<float>(1 + i % 997));
  const Tensor x = floats({301, 20, 20}, values);
  for (const char* op : {"reduce_sum", "reduce_mean", "reduce_max", "reduce_prod"}) {
    for (const I& reduced : {I{0}, I{1}, I{2}, I{0, 2}, I{1, 2}, I{0, 1, 2}}) {
      SCOPED_TRACE(op + shape_text(reduced));
      EXPECT_EQ(values_of<float>(apply(op, {x}, axes(reduced), false, 1)),
                values_of<float>(apply(op, {x}, axes(reduced), false, 3)));
    }
  }
}

TEST(Reduction, ErrorsNameTheAxis) {
  EXPECT_EQ(error_of("reduce_sum", {floats({2}, {1, 2})}, axes({1})),
            "node \"reduce_sum\": expected an axis in -1..0 for rank 1; got 1");
}

TEST(Reduction, ArgmaxTakesTheLowestIndexAndTheFirstNan) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Tensor x = floats({2, 3}, {1, 3, 3, 2, nan, 9});
  EXPECT_EQ(values_of<std::int64_t>(apply("argmax", {x}, {{"axis", std::int64_t{1}}})), (I{1, 1}));
  EXPECT_EQ(values_of<std::int64_t>(apply("argmin", {x}, {{"axis", std::int64_t{0}}})),
            (I{0, 1, 0}));
}

TEST(Gradients, OfReductionsMatchDifferences) {
  const Tensor x = doubles({2, 3, 2}, {.1, .9, .3, .7, .5, 1.1, 2.0, .2, .8, .4, 1.6, .6});
  check_gradients("reduce_sum", {x});
  check_gradients("reduce_sum", {x}, axes({0, 2}));
  check_gradients("reduce_sum", {x}, axes({1}, true));
  for (const char* op : {"reduce_mean", "reduce_max", "reduce_min"}) {
    check_gradients(op, {x});
    check_gradients(op, {x}, axes({0, 2}));
    check_gradients(op, {x}, axes({1}, true));
  }
}

TEST(Gradients, OfCopiesMatchDifferences) {
  const Tensor x = doubles({2, 3}, {1, 2, 3, 4, 5, 6});
  check_gradients("transpose", {x}, {{"perm", I{1, 0}}});
  check_gradients("concat", {x, doubles({2, 1}, {7, 8}), x.clone()}, {{"axis", std::int64_t{1}}});
  check_gradients("stack", {x, x.clone()}, {{"axis", std::int64_t{1}}});
  check_gradients("slice", {x}, {{"begin", I{0, 2}}, {"end", I{9, -9}}, {"stride", I{1, -2}}});
  check_gradients("broadcast_like", {doubles({3}, {1, 2, 3}), x});
  check_gradients("reshape", {x}, {{"shape", I{-1, 2}}});
}

TEST(Slice, FollowsPython) {
  const Tensor x = ints({5}, {0, 1, 2, 3, 4});
  const auto taken = [&](std::int64_t begin, std::int64_t end, std::int64_t stride) {
    return values_of<std::int64_t>(
        apply("slice", {x}, {{"begin", I{begin}}, {"end", I{end}}, {"stride", I{stride}}}));
  };
  EXPECT_EQ(taken(1, 100, 2), (I{1, 3}));
  EXPECT_EQ(taken(-2, 100, 1), (I{3, 4}));
  EXPECT_EQ(taken(4, -100, -2), (I{4, 2, 0}));
  EXPECT_EQ(taken(3, 3, 1), I{});
  EXPECT_EQ(error_of("slice", {x}, {{"begin", I{5}}, {"end", I{6}}, {"drop", I{0}}}),
            "node \"slice\": expected an index within axis 0 of [5]; got 5");
}

}  // namespace
}  // namespace holdfast::testing
