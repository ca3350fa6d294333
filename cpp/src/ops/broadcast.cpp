#include "ops/broadcast.h"

#include <algorithm>

namespace holdfast {

Shape broadcast_shape(const InferContext& context, const Shape& a, const Shape& b) {
  Shape result(std::max(a.size(), b.size()));
  for (std::size_t i = 0; i < result.size(); ++i) {
    const std::int64_t in_a = i < a.size() ? a[a.size() - 1 - i] : 1;
    const std::int64_t in_b = i < b.size() ? b[b.size() - 1 - i] : 1;
    std::int64_t& size = result[result.size() - 1 - i];
    if (in_a == 1) {
      size = in_b;
    } else if (in_b == 1 || in_b == in_a) {
      size = in_a;
    } else if (in_a < 0 || in_b < 0) {
      size = std::max(in_a, in_b);
    } else {
      context.fail(
          "expected shapes that broadcast (equal sizes, or 1, from the last axis on); got " +
          shape_text(a) + " and " + shape_text(b) + "; reshape one of them");
    }
  }
  return result;
}

bool may_repeat(const Shape& from, const Shape& to) {
  if (from.size() < to.size()) return true;
  for (std::size_t i = 0; i < from.size(); ++i) {
    const bool may_be_one = from[i] == 1 || from[i] < 0;
    if (may_be_one && to[i] != 1) return true;
  }
  return false;
}

std::vector<std::int64_t> broadcast_strides(const Shape& from, const Shape& to) {
  std::vector<std::int64_t> strides(to.size(), 0);
  const std::size_t missing = to.size() - from.size();
  std::int64_t stride = 1;
  for (std::size_t i = from.size(); i-- > 0;) {
    if (from[i] != 1) strides[missing + i] = stride;
    stride *= from[i];
  }
  return strides;
}

}  // namespace holdfast
