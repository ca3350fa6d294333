// The standard normal distribution by its inverse, in arithmetic that gives the same bits
// everywhere.
#pragma once

namespace holdfast {

// x with P(X <= x) = p, for p in (0, 1); relative error about 1e-16.
// Source: Wichura, "Algorithm AS 241: the percentage points of the normal distribution", 1988
// (PPND16).
double inverse_normal_cdf(double p);

}  // namespace holdfast
