// Denormals count as zero inside a scope, on every thread that computes, and nowhere else.
#include "base/float_mode.h"

#include <gtest/gtest.h>

#include <cfenv>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "base/thread_pool.h"

namespace holdfast {
namespace {

constexpr float kLeastNormal = 0x1p-126f;

// A product that is denormal, and a denormal made normal by a product: each 0 where it is flushed.
bool flushes_results() {
  const volatile float x = kLeastNormal;
  const volatile float y = x * 0.5f;
  return std::fpclassify(y) == FP_ZERO;
}
bool flushes_operands() {
  const volatile float x = 0x1p-130f;
  const volatile float y = x * 0x1p100f;
  return y == 0.0f;
}
bool flushes() { return flushes_results() && flushes_operands(); }
bool keeps() { return !flushes_results() && !flushes_operands(); }

TEST(FloatMode, LastsAsLongAsItsScope) {
  ASSERT_TRUE(keeps());
  {
    const ScopedFloatMode scope(FloatMode::computing());
    EXPECT_TRUE(flushes());
  }
  EXPECT_TRUE(keeps());
}

TEST(FloatMode, IsRestoredByAnException) {
  try {
    const ScopedFloatMode scope(FloatMode::computing());
    throw std::runtime_error("out");
  } catch (const std::runtime_error&) {
    EXPECT_TRUE(keeps());
  }
}

// 1 + 2^-24 is half way between two floats: to nearest it is 1, upward the next one.
TEST(FloatMode, RoundsToNearestWhateverTheCallerDoesAndLeavesHimHisWay) {
  const auto sum = [] {
    const volatile float one = 1.0f;
    const volatile float half_unit = 0x1p-24f;
    const volatile float result = one + half_unit;
    return result;
  };
  ASSERT_EQ(std::fesetround(FE_UPWARD), 0);
  {
    const ScopedFloatMode scope(FloatMode::computing());
    EXPECT_EQ(sum(), 1.0f);
  }
  EXPECT_EQ(std::fegetround(), FE_UPWARD);
  EXPECT_GT(sum(), 1.0f);
  std::fesetround(FE_TONEAREST);
}

TEST(FloatMode, LeavesTheCallersFlagsAsTheyWere) {
  std::feclearexcept(FE_ALL_EXCEPT);
  {
    const ScopedFloatMode scope(FloatMode::computing());
    const volatile float zero = 0.0f;
    const volatile float infinite = 1.0f / zero;
    EXPECT_TRUE(std::isinf(infinite));
  }
  EXPECT_EQ(std::fetestexcept(FE_DIVBYZERO), 0);
}

TEST(FloatMode, OfTheCallerIsThatOfEveryPartOfAPool) {
  ThreadPool pool(3);
  for (const bool computing : {true, false, true}) {
    const ScopedFloatMode scope(computing ? FloatMode::computing() : FloatMode::current());
    std::vector<int> flushed(8, -1);
    pool.parallel(8,
                  [&](int part) { flushed[static_cast<std::size_t>(part)] = flushes() ? 1 : 0; });
    EXPECT_EQ(flushed, std::vector<int>(8, computing ? 1 : 0));
  }
}

}  // namespace
}  // namespace holdfast
