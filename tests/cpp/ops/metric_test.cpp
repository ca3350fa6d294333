#include <gtest/gtest.h>

#include "ops/evaluate.h"

namespace holdfast::testing {
namespace {

Tensor bools(const std::vector<bool>& values) {
  return tensor(DType::kBool, {static_cast<std::int64_t>(values.size())}, values);
}

Attributes thresholds(std::vector<double> values) { return {{"thresholds", std::move(values)}}; }

TEST(AucCounts, WeighsWhatLiesAboveAndBelowEachThreshold) {
  const Tensor labels = bools({true, true, false, false, true});
  const Tensor predictions = floats({5}, {0.9f, 0.5f, 0.7f, 0.1f, 0.2f});
  const Tensor weights = floats({5}, {1, 2, 4, 8, 16});
  const Tensor counts =
      apply("auc_counts", {labels, predictions, weights}, thresholds({-1, 0.5, 0.8, 2}));
  EXPECT_EQ(counts.shape(), (Shape{4, 4}));
  // positives: 0.9 weighs 1, 0.5 weighs 2, 0.2 weighs 16; negatives: 0.7 weighs 4, 0.1 weighs 8.
  // A prediction equal to the threshold (0.5) is not above it.
  EXPECT_EQ(values_of<double>(counts), (std::vector<double>{19, 1, 1, 0,       // true positives
                                                            12, 4, 0, 0,       // false positives
                                                            0, 8, 12, 12,      // true negatives
                                                            0, 18, 18, 19}));  // false negatives
}

TEST(AucCounts, OfNothingAreZero) {
  EXPECT_EQ(values_of<double>(apply("auc_counts", {bools({}), floats({0}, {}), floats({0}, {})},
                                    thresholds({0.5}))),
            (std::vector<double>{0, 0, 0, 0}));
}

TEST(AucCounts, RefusesOtherShapesAndUnsortedThresholds) {
  const Tensor one = floats({1}, {1});
  EXPECT_EQ(error_of("auc_counts", {bools({true}), floats({1, 1}, {1}), one}, thresholds({0.5})),
            "node \"auc_counts\": input 1: expected rank 1; got shape [1, 1]");
  EXPECT_EQ(error_of("auc_counts", {bools({true, false}), one, one}, thresholds({0.5})),
            "node \"auc_counts\": predictions (one for each label): expected shape [2]; got [1]");
  EXPECT_EQ(error_of("auc_counts", {bools({true}), one, floats({2}, {1, 1})}, thresholds({0.5})),
            "node \"auc_counts\": weights (one for each label): expected shape [1]; got [2]");
  EXPECT_EQ(error_of("auc_counts", {bools({true}), one, one}, thresholds({0.5, 0.25})),
            "node \"auc_counts\": thresholds: expected ascending numbers");
  EXPECT_EQ(error_of("auc_counts", {one, one, one}, thresholds({0.5})),
            "node \"auc_counts\": input 0: expected bool; got float32; cast it first");
}

}  // namespace
}  // namespace holdfast::testing
