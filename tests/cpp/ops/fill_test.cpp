#include <gtest/gtest.h>

#include "ops/gradient_check.h"

namespace holdfast::testing {
namespace {

using I = std::vector<std::int64_t>;

TEST(Sizes, AreNumbersOfTheGraph) {
  const Tensor x = floats({2, 3}, {1, 2, 3, 4, 5, 6});
  for (const bool unknown : {false, true}) {
    EXPECT_EQ(values_of<std::int64_t>(apply("shape_of", {x}, {}, unknown)), (I{2, 3}));
    EXPECT_EQ(values_of<std::int64_t>(apply("size_of", {x}, {}, unknown)), (I{6}));
    EXPECT_EQ(values_of<std::int64_t>(apply("size_of", {x}, {{"axis", std::int64_t{-1}}}, unknown)),
              (I{3}));
  }
  EXPECT_EQ(apply("shape_of", {floats({}, {1})}).shape(), (Shape{0}));
  EXPECT_EQ(error_of("size_of", {x}, {{"axis", std::int64_t{2}}}),
            "node \"size_of\": expected an axis in -2..1 for rank 2; got 2");
}

TEST(Fill, TakesTheShapeOfAnother) {
  const Tensor x = ints({2, 2}, {1, 2, 3, 4});
  EXPECT_EQ(values_of<std::int64_t>(apply("zeros_like", {x})), (I{0, 0, 0, 0}));
  EXPECT_EQ(values_of<std::int64_t>(apply("ones_like", {x})), (I{1, 1, 1, 1}));
  const Tensor filled = apply("fill_like", {x, floats({}, {2.5f})});
  EXPECT_EQ(filled.shape(), (Shape{2, 2}));
  EXPECT_EQ(values_of<float>(filled), (std::vector<float>{2.5f, 2.5f, 2.5f, 2.5f}));
  const Tensor word = tensor<std::string>(DType::kString, {}, {"yes"});
  EXPECT_EQ(values_of<std::string>(apply("fill_like", {ints({2}, {0, 0}), word})),
            (std::vector<std::string>{"yes", "yes"}));
}

TEST(Fill, RefusesOtherValues) {
  EXPECT_EQ(error_of("fill_like", {ints({1}, {1}), floats({2}, {1, 2})}),
            "node \"fill_like\": value: expected a scalar; got shape [2]");
  EXPECT_EQ(error_of("zeros_like", {tensor<bool>(DType::kBool, {1}, {true})}),
            "node \"zeros_like\": input 0: expected float32, float64, int32 or int64; got bool; "
            "cast it first");
}

TEST(Fill, SumsTheGradientOfItsValue) {
  check_gradients("fill_like", {ints({3}, {0, 0, 0}), doubles({}, {1.5})});
}

}  // namespace
}  // namespace holdfast::testing
