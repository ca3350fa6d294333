// Sums and products of counts that stop at the largest number instead of overflowing.
#pragma once

#include <cstdint>
#include <limits>

namespace holdfast {

constexpr std::int64_t kMostCount = std::numeric_limits<std::int64_t>::max();

// Of numbers that are not negative.
constexpr std::int64_t saturated_sum(std::int64_t a, std::int64_t b) {
  return a > kMostCount - b ? kMostCount : a + b;
}

constexpr std::int64_t saturated_product(std::int64_t a, std::int64_t b) {
  return b != 0 && a > kMostCount / b ? kMostCount : a * b;
}

}  // namespace holdfast
