#include "base/histogram.h"

#include <algorithm>
#include <limits>

namespace holdfast {
namespace {

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
  for (std::size_t i = 0; i < limits.size(); ++i) {
    const bool extends = counts[i] == 0 && !value.counts.empty() && value.counts.back() == 0;
    if (extends) {
      value.limits.back() = limits[i];
    } else {
      value.limits.push_back(limits[i]);
      value.counts.push_back(counts[i]);
    }
  }
  return value;
}

}  // namespace holdfast
