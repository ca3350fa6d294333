#include <gtest/gtest.h>

#include "base/philox.h"
#include "ops/evaluate.h"

namespace holdfast::testing {
namespace {

Attributes dropout(double rate, const std::string& stream = "layer") {
  return {{"rate", rate}, {"stream", stream}};
}

Tensor ones(std::int64_t n) {
  return floats({n}, std::vector<float>(static_cast<std::size_t>(n), 1.0f));
}

TEST(Dropout, MaskIsPhiloxOfStreamStepAndElement) {
  const std::vector<float> y = values_of<float>(apply("dropout", {ones(37)}, dropout(0.25)));
  const PhiloxKey key = philox_key(7, "dropout/layer");  // seed and step of evaluate()
  for (std::size_t e = 0; e < y.size(); ++e) {
    const float draw = philox_uniform(philox(key, e / 4, 3)[e % 4]);
    EXPECT_EQ(y[e], draw >= 0.25f ? 1.0f / 0.75f : 0.0f) << e;
  }
}

TEST(Dropout, ScalesWhatItKeepsSoThatTheMeanStays) {
  const std::vector<float> y = values_of<float>(apply("dropout", {ones(100'000)}, dropout(0.4)));
  double kept = 0;
  for (const float value : y) kept += value != 0 ? 1 : 0;
  // Five standard deviations of a binomial: 5 * sqrt(1e5 * 0.4 * 0.6) = 775.
  EXPECT_NEAR(kept, 60'000, 775);
}

TEST(Dropout, StreamsDifferAndThreadsDoNot) {
  const Tensor x = ones(100'003);
  const auto with = [&](const char* stream, int threads) {
    return values_of<float>(apply("dropout", {x}, dropout(0.5, stream), false, threads));
  };
  EXPECT_EQ(with("a", 1), with("a", 3));
  EXPECT_NE(with("a", 1), with("b", 1));
}

TEST(Dropout, RateZeroKeepsEverything) {
  EXPECT_EQ(values_of<float>(apply("dropout", {ones(9)}, dropout(0))), std::vector<float>(9, 1.0f));
}

TEST(Dropout, RefusesOtherRatesAndDtypes) {
  for (const double rate : {1.0, -0.5}) {
    EXPECT_EQ(error_of("dropout", {ones(1)}, dropout(rate)),
              "node \"dropout\": rate: expected a number in [0, 1); got " + std::to_string(rate));
  }
  EXPECT_EQ(error_of("dropout", {ints({1}, {1})}, dropout(0.5)),
            "node \"dropout\": input 0: expected float32; got int64; cast it first");
}

}  // namespace
}  // namespace holdfast::testing
