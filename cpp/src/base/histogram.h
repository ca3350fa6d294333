// The buckets that TensorFlow sorts the values of a histogram summary into, and the summary itself.
// Pure functions.
#pragma once

#include <cstdint>
#include <vector>

#include "holdfast/summary.h"

namespace holdfast {

// Ascending upper limits: -DBL_MAX, then from -1e20 towards 0, 0, from 1e-12 to 1e20 in steps of
// 1.1, DBL_MAX. Bucket i holds the values v with limits[i - 1] <= v < limits[i].
// Source: InitDefaultBuckets of tensorflow/core/lib/histogram/histogram.cc.
const std::vector<double>& histogram_limits();

// What the operation "histogram" gives: kHistogramFacts numbers, then a count for each bucket. The
// numbers: min, max, num, sum, sum of squares, the buckets of min and max.
constexpr std::int64_t kHistogramFacts = 7;

// The summary of such a result: a run of empty buckets becomes one. Uses the memory of `value`.
void read_histogram(const double* result, HistogramValue& value);

}  // namespace holdfast
