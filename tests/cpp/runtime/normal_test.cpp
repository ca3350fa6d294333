#include "runtime/normal.h"

#include <gtest/gtest.h>

#include <cmath>

namespace holdfast {
namespace {

// P(X <= x) = erfc(-x / sqrt 2) / 2
double cdf(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

TEST(InverseNormalCdf, InvertsTheDistributionInEveryRegion) {
  for (const double p : {1e-9, 1e-5, 0.01, 0.07, 0.0750001, 0.3, 0.5, 0.7, 0.93, 0.99999}) {
    EXPECT_NEAR(cdf(inverse_normal_cdf(p)), p, 1e-13 + p * 1e-12) << p;
  }
}

TEST(InverseNormalCdf, KnownQuantiles) {
  EXPECT_EQ(inverse_normal_cdf(0.5), 0.0);
  EXPECT_NEAR(inverse_normal_cdf(0.975), 1.959963984540054, 1e-13);
  EXPECT_NEAR(inverse_normal_cdf(0.022750131948179207), -2.0, 1e-13);
}

}  // namespace
}  // namespace holdfast
