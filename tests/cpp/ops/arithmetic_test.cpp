#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "ops/gradient_check.h"

namespace holdfast::testing {
namespace {

using F = std::vector<float>;
using I = std::vector<std::int64_t>;
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr std::int64_t kSmallest = std::numeric_limits<std::int64_t>::min();

TEST(Arithmetic, BroadcastsRowsColumnsAndScalars) {
  const Tensor x = floats({2, 3}, {1, 2, 3, 4, 5, 6});
  for (const bool unknown : {false, true}) {
    EXPECT_EQ(values_of<float>(apply("add", {x, floats({3}, {10, 20, 30})}, {}, unknown)),
              (F{11, 22, 33, 14, 25, 36}));
    EXPECT_EQ(values_of<float>(apply("mul", {floats({2, 1}, {2, 3}), x}, {}, unknown)),
              (F{2, 4, 6, 12, 15, 18}));
    EXPECT_EQ(values_of<float>(apply("sub", {floats({}, {1}), x}, {}, unknown)),
              (F{0, -1, -2, -3, -4, -5}));
  }
  const Tensor outer = apply("add", {floats({2, 1}, {1, 2}), floats({1, 2}, {10, 20})});
  EXPECT_EQ(values_of<float>(outer), (F{11, 21, 12, 22}));
  EXPECT_EQ(apply("add", {floats({0, 3}, {}), floats({3}, {1, 2, 3})}).shape(), (Shape{0, 3}));
}

TEST(Arithmetic, DoesNotDependOnTheNumberOfThreads) {
  std::vector<float> many(100'003);
  for (std::size_t i = 0; i < many.size(); ++i) many[i] = 0.1f * static_cast<float>(i);
  const Tensor x = floats({100'003}, many);
  EXPECT_EQ(values_of<float>(apply("mul", {x, x}, {}, false, 1)),
            values_of<float>(apply("mul", {x, x}, {}, false, 3)));
}

TEST(Arithmetic, IntegersWrapAndDivideAsInPython) {
  EXPECT_EQ(values_of<std::int64_t>(apply("sub", {ints({1}, {kSmallest}), ints({1}, {1})})),
            (I{std::numeric_limits<std::int64_t>::max()}));
  EXPECT_EQ(values_of<std::int64_t>(apply("neg", {ints({1}, {kSmallest})})), (I{kSmallest}));
  const Tensor a = ints({5}, {7, -7, 7, -7, kSmallest});
  const Tensor b = ints({5}, {2, 2, -2, -2, -1});
  EXPECT_EQ(values_of<std::int64_t>(apply("floordiv", {a, b})), (I{3, -4, -4, 3, kSmallest}));
  EXPECT_EQ(values_of<std::int64_t>(apply("mod", {a, b})), (I{1, 1, -1, -1, 0}));
  EXPECT_EQ(values_of<std::int64_t>(apply("div", {a, b})), (I{3, -4, -4, 3, kSmallest}));
  const F floored =
      values_of<float>(apply("floordiv", {floats({2}, {-7, 1}), floats({2}, {2, 0})}));
  EXPECT_EQ(floored, (F{-4, std::numeric_limits<float>::infinity()}));
}

TEST(Arithmetic, IntegerDivisionByZeroIsRefused) {
  EXPECT_EQ(error_of("floordiv", {ints({2}, {4, 5}), ints({2}, {2, 0})}),
            "node \"floordiv\": expected integer divisors other than 0; got 0 in element 1; "
            "replace it, or divide floats");
}

TEST(Arithmetic, NanStaysAndDivNoNanHidesOnlyZeroDivisors) {
  const F larger =
      values_of<float>(apply("maximum", {floats({3}, {kNan, 1, 2}), floats({3}, {1, kNan, 5})}));
  EXPECT_TRUE(std::isnan(larger[0]) && std::isnan(larger[1]));
  EXPECT_EQ(larger[2], 5);
  EXPECT_EQ(values_of<float>(apply("div_no_nan", {floats({2}, {3, 3}), floats({2}, {0, 2})})),
            (F{0, 1.5}));
  const F clipped = values_of<float>(
      apply("clip_by_value", {floats({3}, {-5, kNan, 9}), floats({}, {0}), floats({}, {6})}));
  EXPECT_EQ(clipped[0], 0);
  EXPECT_TRUE(std::isnan(clipped[1]));
  EXPECT_EQ(clipped[2], 6);
}

TEST(Arithmetic, ErrorsNameTheNodeAndWhatToDo) {
  EXPECT_EQ(error_of("add", {floats({2}, {1, 2}), ints({2}, {1, 2})}),
            "node \"add\": expected inputs of one dtype; got float32 and int64; cast one of them");
  EXPECT_EQ(error_of("add", {floats({2}, {1, 2}), floats({3}, {1, 2, 3})}),
            "node \"add\": expected shapes that broadcast (equal sizes, or 1, from the last axis "
            "on); got [2] and [3]; reshape one of them");
  EXPECT_EQ(error_of("sqrt", {ints({1}, {4})}),
            "node \"sqrt\": input 0: expected float32 or float64; got int64; cast it first");
}

TEST(Arithmetic, BoundsOfClippingMayNotWidenTheResult) {
  EXPECT_EQ(
      error_of("clip_by_value", {floats({2}, {1, 2}), floats({}, {0}), floats({2, 1}, {3, 4})}),
      "node \"clip_by_value\": expected bounds that broadcast to the shape of x, [2]; got "
      "[2, 1]");
  EXPECT_EQ(error_of("clip_by_value", {floats({1}, {1}), floats({2}, {0, 0}), floats({}, {3})}),
            "node \"clip_by_value\": expected bounds that broadcast to the shape of x, [1]; got "
            "[2]");
  EXPECT_EQ(error_of("clip_by_value", {floats({1}, {1}), ints({}, {0}), floats({}, {3})}),
            "node \"clip_by_value\": expected inputs of one dtype; got float32 and int64; cast one "
            "of them");
}

TEST(Unary, TestsForNanAndInfinity) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const Tensor x = floats({4}, {kNan, kInfinity, -kInfinity, 3e38f});
  EXPECT_EQ(values_of<bool>(apply("is_nan", {x})), (std::vector<bool>{true, false, false, false}));
  EXPECT_EQ(values_of<bool>(apply("is_finite", {x})),
            (std::vector<bool>{false, false, false, true}));
  EXPECT_EQ(values_of<bool>(apply("is_nan", {doubles({1}, {std::nan("")})})),
            (std::vector<bool>{true}));
  EXPECT_EQ(error_of("is_finite", {ints({1}, {1})}),
            "node \"is_finite\": input 0: expected float32 or float64; got int64; cast it first");
}

TEST(Unary, KnownValues) {
  EXPECT_EQ(values_of<float>(apply("round", {floats({4}, {0.5f, 1.5f, -2.5f, 2.6f})})),
            (F{0, 2, -2, 3}));  // half to even
  EXPECT_EQ(values_of<float>(apply("sign", {floats({3}, {-3, 0, 2})})), (F{-1, 0, 1}));
  EXPECT_EQ(values_of<float>(apply("rsqrt", {floats({1}, {4})})), (F{0.5}));
  const F log1p = values_of<float>(apply("log1p", {floats({4}, {1e-8f, 0, 1, -1})}));
  EXPECT_EQ(log1p[0], 1e-8f);  // log(1 + 1e-8) = 1e-8 - 5e-17
  EXPECT_EQ(log1p[1], 0);
  EXPECT_NEAR(log1p[2], std::log(2.0), 3e-7);
  EXPECT_EQ(log1p[3], -std::numeric_limits<float>::infinity());
}

TEST(Compare, WhereChoosesAndNanEqualsNothing) {
  const Tensor x = floats({3}, {1, kNan, 3});
  EXPECT_EQ(values_of<bool>(apply("equal", {x, x})), (std::vector<bool>{true, false, true}));
  const Tensor cond = tensor<bool>(DType::kBool, {3}, {true, false, true});
  EXPECT_EQ(values_of<float>(apply("where", {cond, floats({3}, {1, 2, 3}), floats({}, {9})})),
            (F{1, 9, 3}));
}

TEST(Compare, KnowsTextsButNotTheirOrder) {
  const Tensor a = tensor<std::string>(DType::kString, {3}, {"iris", "rose", ""});
  const Tensor b = tensor<std::string>(DType::kString, {1}, {"rose"});
  EXPECT_EQ(values_of<bool>(apply("equal", {a, b})), (std::vector<bool>{false, true, false}));
  EXPECT_EQ(values_of<bool>(apply("not_equal", {a, b})), (std::vector<bool>{true, false, true}));
  const Tensor cond = tensor<bool>(DType::kBool, {3}, {true, true, false});
  EXPECT_EQ(values_of<std::string>(apply("where", {cond, a, b})),
            (std::vector<std::string>{"iris", "rose", "rose"}));
  EXPECT_EQ(
      error_of("less", {a, b}),
      "node \"less\": input 0: expected float32, float64, int32 or int64; got string; cast it "
      "first");
  EXPECT_EQ(error_of("where", {a, a, a}),
            "node \"where\": input 0: expected bool; got string; cast it first");
}

TEST(Gradients, OfArithmeticMatchDifferences) {
  const Tensor a = doubles({2, 3}, {0.5, 1.5, 2.5, 0.7, 1.1, 3.0});
  const Tensor same = doubles({2, 3}, {1.5, 0.6, 2.0, 0.9, 1.4, 1.0});  // no ties with a
  const Tensor row = doubles({3}, {1.2, 0.8, 2.1});
  const Tensor column = doubles({2, 1}, {0.9, 2.2});
  const Tensor scalar = doubles({}, {1.7});
  for (const char* op : {"add", "sub", "mul", "div", "div_no_nan", "maximum", "minimum", "pow"}) {
    for (const Tensor& b : {same, row, column, scalar}) {
      check_gradients(op, {a, b});
      check_gradients(op, {b, a});
    }
  }
  check_gradients("clip_by_value", {a, doubles({}, {1.0}), doubles({}, {2.0})});
  check_gradients("where", {tensor<bool>(DType::kBool, {3}, {true, false, true}), a, row});
}

TEST(Gradients, OfFunctionsMatchDifferences) {
  const Tensor x = doubles({2, 2}, {0.5, 1.3, 2.0, 0.1});
  for (const char* op :
       {"neg", "abs", "square", "sqrt", "rsqrt", "exp", "log", "log1p", "reciprocal"}) {
    check_gradients(op, {x});
  }
}

}  // namespace
}  // namespace holdfast::testing
