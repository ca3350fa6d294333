// Copies between a contiguous array and a strided one: slices, transposes, tiles, broadcasts.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "graph/op.h"
#include "ops/elementwise_split.h"

namespace holdfast {

// Element (i0, i1, ...) of a walk over `shape` lies at offset + sum of i * stride.
struct StridedWalk {
  Shape shape;
  std::vector<std::int64_t> strides;
  std::int64_t offset = 0;

  // Strides of a contiguous array of this shape.
  static std::vector<std::int64_t> contiguous(const Shape& shape) {
    std::vector<std::int64_t> strides(shape.size());
    std::int64_t stride = 1;
    for (std::size_t i = shape.size(); i-- > 0; stride *= shape[i]) strides[i] = stride;
    return strides;
  }

  // Calls body(index in the contiguous array, strided offset, elements, stride) row by row for
  // elements begin .. begin + count of the contiguous array.
  template <typename Body>
  void rows(std::int64_t begin, std::int64_t count, const Body& body) const {
    const std::int64_t row_size = shape.empty() ? 1 : shape.back();
    const std::int64_t row_stride = shape.empty() ? 0 : strides.back();
    const std::int64_t end = begin + count;
    while (begin < end) {
      std::int64_t rest = begin / row_size;
      const std::int64_t inside = begin % row_size;
      const std::int64_t length = std::min(row_size - inside, end - begin);
      std::int64_t at = offset + inside * row_stride;
      for (std::size_t axis = shape.empty() ? 0 : shape.size() - 1; axis-- > 0;) {
        at += rest % shape[axis] * strides[axis];
        rest /= shape[axis];
      }
      body(begin, at, length, row_stride);
      begin += length;
    }
  }

  // Joins neighbouring axes that are walked as one.
  void simplify() {
    StridedWalk joined;
    joined.offset = offset;
    for (std::size_t i = 0; i < shape.size(); ++i) {
      if (shape[i] == 1) continue;
      if (!joined.shape.empty() && joined.strides.back() == strides[i] * shape[i]) {
        joined.shape.back() *= shape[i];
        joined.strides.back() = strides[i];
      } else {
        joined.shape.push_back(shape[i]);
        joined.strides.push_back(strides[i]);
      }
    }
    *this = joined;
  }
};

// y, contiguous, from the elements of x that the walk meets.
template <typename T>
class GatherWalkKernel : public OpKernel {
 public:
  GatherWalkKernel(const KernelContext& context, StridedWalk walk)
      : x_(context.inputs[0].as<T>()),
        y_(context.output.as<T>()),
        walk_(std::move(walk)),
        split_(context.output.size, context.threads) {
    walk_.simplify();
  }
  void run(const RunContext& context) override {
    split_.run(context.pool, [this](std::int64_t begin, std::int64_t count) {
      walk_.rows(begin, count,
                 [this](std::int64_t to, std::int64_t from, std::int64_t n, std::int64_t stride) {
                   if (stride == 1) {
                     std::copy_n(x_ + from, n, y_ + to);
                   } else {
                     for (std::int64_t i = 0; i < n; ++i) y_[to + i] = x_[from + i * stride];
                   }
                 });
    });
  }

 private:
  const T* x_;
  T* y_;
  StridedWalk walk_;
  ElementwiseSplit split_;
};

}  // namespace holdfast
