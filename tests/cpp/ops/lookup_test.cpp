#include <gtest/gtest.h>

#include "ops/evaluate.h"

namespace holdfast::testing {
namespace {

using Ids = std::vector<std::int64_t>;
using Texts = std::vector<std::string>;

Tensor texts(const Texts& values) {
  return tensor(DType::kString, {static_cast<std::int64_t>(values.size())}, values);
}

const Texts kIris = {"setosa", "versicolor", "virginica"};

TEST(VocabularyLookup, FindsPositions) {
  const Tensor words = texts({"virginica", "setosa", "rose"});
  EXPECT_EQ(values_of<std::int64_t>(apply("vocabulary_lookup", {words}, {{"vocabulary", kIris}})),
            (Ids{2, 0, -1}));
  EXPECT_EQ(values_of<std::int64_t>(apply("vocabulary_lookup", {words},
                                          {{"vocabulary", kIris}, {"default", std::int64_t{3}}})),
            (Ids{2, 0, 3}));
  EXPECT_EQ(values_of<std::int64_t>(apply("vocabulary_lookup", {ints({2, 1}, {30, 7})},
                                          {{"vocabulary", Ids{10, 20, 30}}})),
            (Ids{2, -1}));
}

TEST(VocabularyLookup, OfEqualEntriesTheFirstCountsAndTheOthersKeepTheirPlaces) {
  EXPECT_EQ(values_of<std::int64_t>(apply("vocabulary_lookup", {texts({"a", "b"})},
                                          {{"vocabulary", Texts{"a", "a", "b"}}})),
            (Ids{0, 2}));
}

TEST(VocabularyLookup, FindsNothingInAnEmptyVocabularyOfAnyType) {
  EXPECT_EQ(
      values_of<std::int64_t>(apply("vocabulary_lookup", {texts({"a"})}, {{"vocabulary", Ids{}}})),
      (Ids{-1}));
}

TEST(VocabularyLookup, RefusesOtherDtypesAndVocabulariesOfAnother) {
  EXPECT_EQ(error_of("vocabulary_lookup", {floats({1}, {1})}, {{"vocabulary", kIris}}),
            "node \"vocabulary_lookup\": expected string or int64; got float32; cast it first");
  EXPECT_NE(
      error_of("vocabulary_lookup", {ints({1}, {1})}, {{"vocabulary", kIris}}).find("vocabulary"),
      std::string::npos);
}

TEST(VocabularyGather, GivesTheWordAndNothingOutside) {
  EXPECT_EQ(values_of<std::string>(
                apply("vocabulary_gather", {ints({4}, {2, 0, 3, -1})}, {{"vocabulary", kIris}})),
            (Texts{"virginica", "setosa", "", ""}));
  EXPECT_EQ(error_of("vocabulary_gather", {floats({1}, {1})}, {{"vocabulary", kIris}}),
            "node \"vocabulary_gather\": expected int64 ids; got float32; cast them first");
}

TEST(AsString, WritesDecimals) {
  EXPECT_EQ(values_of<std::string>(apply("as_string", {ints({3}, {0, -12, 1LL << 40})})),
            (Texts{"0", "-12", "1099511627776"}));
  EXPECT_EQ(
      values_of<std::string>(apply("as_string", {tensor<std::int32_t>(DType::kInt32, {1}, {-5})})),
      (Texts{"-5"}));
  EXPECT_EQ(error_of("as_string", {floats({1}, {1})}),
            "node \"as_string\": input 0: expected int32 or int64; got float32; cast it first");
}

}  // namespace
}  // namespace holdfast::testing
