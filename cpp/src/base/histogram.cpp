#include "base/histogram.h"

#include <algorithm>
#include <limits>

namespace holdfast {
namespace {

// Of one tensor's values, roughly; more make the vectors grow.
constexpr std::size_t kUsualBuckets = 160;

std::vector<double> make_limits() {
  constexpr double kSmallest = 1.0e-12;
  constexpr double kLargest = 1.0e20;
  constexpr double kGrowth = 1.1;
  std::vector<double> positive;
  for (double limit = kSmallest; limit < kLargest; limit *= kGrowth) positive.push_back(limit);
  positive.push_back(std::numeric_limits<double>::max());
  std::vector<double> limits;
  for (auto at = positive.rbegin(); at != positive.rend(); ++at) limits.push_back(-*at);
  limits.push_back(0.0);
  limits.insert(limits.end(), positive.begin(), positive.end());
  return limits;
}

}  // namespace

const std::vector<double>& histogram_limits() {
  static const std::vector<double> limits = make_limits();
  return limits;
}

HistogramValue histogram_value(const double* result) {
  HistogramValue value;
  value.min = result[0];
  value.max = result[1];
  value.num = result[2];
  value.sum = result[3];
  value.sum_squares = result[4];
  const std::vector<double>& limits = histogram_limits();
  const double* counts = result + kHistogramFacts;
  // Everything below min and above max is empty, which is most of the buckets.
  const auto bucket = [&](double at) {
    const auto found = std::upper_bound(limits.begin(), limits.end() - 1, at);
    return static_cast<std::size_t>(found - limits.begin());
  };
  const std::size_t first = bucket(value.min);
  const std::size_t last = bucket(value.max);
  value.limits.reserve(kUsualBuckets);
  value.counts.reserve(kUsualBuckets);
  const auto add = [&](double limit, double count) {
    const bool extends = count == 0 && !value.counts.empty() && value.counts.back() == 0;
    if (extends) {
      value.limits.back() = limit;
    } else {
      value.limits.push_back(limit);
      value.counts.push_back(count);
    }
  };
  if (first > 0) add(limits[first - 1], 0);
  for (std::size_t i = first; i <= last; ++i) add(limits[i], counts[i]);
  if (last + 1 < limits.size()) add(limits.back(), 0);
  return value;
}

}  // namespace holdfast
