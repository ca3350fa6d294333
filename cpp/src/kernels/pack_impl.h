// Copies a strip of a matrix into the order in which the micro-kernel reads it.
#pragma once

#include "kernels/kernels.h"

namespace holdfast::kernels {
namespace {

// One operand of a product: element (lane, step) is data[lane * lane_stride + step * step_stride].
// A lane is a row of A or a column of B; steps run along the summed axis. One stride is 1.
struct Operand {
  const float* data;
  std::int64_t lane_stride;
  std::int64_t step_stride;

  Operand at(std::int64_t lane, std::int64_t step) const {
    return {data + lane * lane_stride + step * step_stride, lane_stride, step_stride};
  }
};

// packed[step * pitch + lane] for lane < lanes, step < steps. May write up to kWidth floats past
// the end of a step: strips are packed in ascending order.
template <class V>
void pack_contiguous_lanes(const Operand& from, std::int64_t lanes, std::int64_t steps,
                           std::int64_t pitch, float* packed) {
  constexpr int W = V::kWidth;
  const std::int64_t full = lanes / W * W;
  const auto tail = V::tail(lanes - full);
  for (std::int64_t step = 0; step < steps; ++step) {
    const float* source = from.data + step * from.step_stride;
    float* target = packed + step * pitch;
    for (std::int64_t lane = 0; lane < full; lane += W) {
      V::store(target + lane, V::load(source + lane));
    }
    if (full < lanes) V::store(target + full, V::load_tail(source + full, tail));
  }
}

// The same where the steps of a lane are contiguous: a transposition, in squares of four.
template <class V>
void pack_contiguous_steps(const Operand& from, std::int64_t lanes, std::int64_t steps,
                           std::int64_t pitch, float* packed) {
  const std::int64_t stride = from.lane_stride;
  std::int64_t lane = 0;
  for (; lane + 4 <= lanes; lane += 4) {
    const float* source = from.data + lane * stride;
    std::int64_t step = 0;
    for (; step + 4 <= steps; step += 4) {
      V::transpose4(source + step, stride, packed + step * pitch + lane, pitch);
    }
    for (; step < steps; ++step) {
      for (int l = 0; l < 4; ++l) packed[step * pitch + lane + l] = source[l * stride + step];
    }
  }
  for (; lane < lanes; ++lane) {
    const float* source = from.data + lane * stride;
    for (std::int64_t step = 0; step < steps; ++step) packed[step * pitch + lane] = source[step];
  }
}

template <class V>
void pack(const Operand& from, std::int64_t lanes, std::int64_t steps, std::int64_t pitch,
          float* packed) {
  if (from.lane_stride == 1) {
    pack_contiguous_lanes<V>(from, lanes, steps, pitch, packed);
  } else {
    pack_contiguous_steps<V>(from, lanes, steps, pitch, packed);
  }
}

}  // namespace
}  // namespace holdfast::kernels
