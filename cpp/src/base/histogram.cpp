#include "base/histogram.h"

#include <limits>

namespace holdfast {
namespace {

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

void read_histogram(const double* result, HistogramValue& value) {
  value.min = result[0];
  value.max = result[1];
  value.num = result[2];
  value.sum = result[3];
  value.sum_squares = result[4];
  const auto first = static_cast<std::size_t>(result[5]);
  const auto last = static_cast<std::size_t>(result[6]);
  const std::vector<double>& limits = histogram_limits();
  const double* counts = result + kHistogramFacts;
  value.limits.clear();
  value.counts.clear();
  const auto add = [&](double limit, double count) {
    value.limits.push_back(limit);
    value.counts.push_back(count);
  };
  if (value.num == 0) return add(limits.back(), 0);
  // Everything below min and above max is empty, which is most of the buckets.
  if (first > 0) add(limits[first - 1], 0);
  for (std::size_t i = first; i <= last;) {
    const double count = counts[i++];
    if (count == 0)
      while (i <= last && counts[i] == 0) ++i;
    add(limits[i - 1], count);
  }
  if (last + 1 < limits.size()) add(limits.back(), 0);
}

}  // namespace holdfast
