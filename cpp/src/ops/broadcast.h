// NumPy's broadcasting: axes are matched from the last; an axis of size 1, or none at all, repeats.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "graph/op.h"

namespace holdfast {

// The shape of the result, -1 where it is not known yet: 1 and -1 give -1, n > 1 and -1 give n.
Shape broadcast_shape(const InferContext& context, const Shape& a, const Shape& b);

// Whether a tensor of shape `from` may have been repeated to become one of shape `to`.
bool may_repeat(const Shape& from, const Shape& to);

// Strides in elements over the axes of `to`, 0 where `from` repeats. Requires: known sizes that
// fit.
std::vector<std::int64_t> broadcast_strides(const Shape& from, const Shape& to);

// Walks a result in rows along which every operand either moves by one element or stands still.
// Made once, when a program is planned; neighbouring axes are joined, so that equal shapes and
// scalars are a single row.
template <std::size_t N>
class BroadcastRows {
 public:
  using Offsets = std::array<std::int64_t, N>;

  BroadcastRows(const Shape& result, const std::array<Shape, N>& operands) {
    std::array<std::vector<std::int64_t>, N> strides;
    for (std::size_t k = 0; k < N; ++k) strides[k] = broadcast_strides(operands[k], result);
    for (std::size_t axis = 0; axis < result.size(); ++axis) {
      if (result[axis] == 1) continue;
      Offsets at_axis;
      for (std::size_t k = 0; k < N; ++k) at_axis[k] = strides[k][axis];
      if (!axes_.empty() && joins(axes_.back().strides, at_axis, result[axis])) {
        axes_.back() = {axes_.back().size * result[axis], at_axis};
      } else {
        axes_.push_back({result[axis], at_axis});
      }
    }
    if (axes_.empty()) axes_.push_back({1, Offsets{}});
    row_ = axes_.back();
    axes_.pop_back();
  }

  // Whether operand k moves along a row; else it is one element for the whole row.
  bool moves(std::size_t k) const { return row_.strides[k] != 0; }

  // Calls body(first element of the result, offsets of the operands, elements) for rows, or parts
  // of rows, that cover elements begin .. begin + count of the result.
  template <typename Body>
  void run(std::int64_t begin, std::int64_t count, const Body& body) const {
    const std::int64_t end = begin + count;
    while (begin < end) {
      const std::int64_t row = begin / row_.size;
      const std::int64_t inside = begin - row * row_.size;
      const std::int64_t length = std::min(row_.size - inside, end - begin);
      Offsets offsets{};
      std::int64_t rest = row;
      for (std::size_t axis = axes_.size(); axis-- > 0;) {
        const std::int64_t index = rest % axes_[axis].size;
        rest /= axes_[axis].size;
        for (std::size_t k = 0; k < N; ++k) offsets[k] += index * axes_[axis].strides[k];
      }
      for (std::size_t k = 0; k < N; ++k) offsets[k] += inside * row_.strides[k];
      body(begin, offsets, length);
      begin += length;
    }
  }

 private:
  struct Axis {
    std::int64_t size;
    Offsets strides;
  };

  static bool joins(const Offsets& outer, const Offsets& inner, std::int64_t inner_size) {
    for (std::size_t k = 0; k < N; ++k) {
      if (outer[k] != inner[k] * inner_size) return false;
    }
    return true;
  }

  std::vector<Axis> axes_;  // outside a row
  Axis row_;
};

}  // namespace holdfast
