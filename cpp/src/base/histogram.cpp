#include "base/histogram.h"

#include <algorithm>
#include <limits>

namespace holdfast {
namespace {

constexpr std::size_t kUsualBuckets = 128;  // of the values of a layer: no second allocation

std::vector<double> make_limits() {
  constexpr double kSmallest = 1.0e-12;
  constexpr double kLargest = 1.0e20;
  constexpr double kGrowth = 1.1;
  std::vector<double> positive;
  double limit = kSmallest;
  while (limit < kLargest) {  // rounded at every step, as TensorFlow's are
    positive.push_back(limit);
    limit *= kGrowth;
  }
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
  if (value.num == 0) {
    value.limits = {limits.back()};
    value.counts = {0};
    return value;
  }
  // Everything below min and above max is empty, which is most of the buckets.
  const auto bucket = [&](double at) {
    const auto found = std::upper_bound(limits.begin(), limits.end() - 1, at);
    return static_cast<std::size_t>(found - limits.begin());
  };
  const std::size_t first = bucket(value.min);
  const std::size_t last = bucket(value.max);
  const auto add = [&](double limit, double count) {
    value.limits.push_back(limit);
    value.counts.push_back(count);
  };
  value.limits.reserve(kUsualBuckets);
  value.counts.reserve(kUsualBuckets);
  if (first > 0) add(limits[first - 1], 0);
  for (std::size_t i = first; i <= last;) {
    const double count = counts[i++];
    if (count == 0)
      while (i <= last && counts[i] == 0) ++i;
    add(limits[i - 1], count);
  }
  if (last + 1 < limits.size()) add(limits.back(), 0);
  return value;
}

}  // namespace holdfast
