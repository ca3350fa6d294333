// Copies blocks of a matrix into the order in which the micro-kernel reads them.
#pragma once

#include "kernels/even_parts.h"
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

// Rows at a stride are nothing that processors fetch ahead on their own.
constexpr std::int64_t kStepsAhead = 8;
inline void prefetch_ahead(const float* first, std::int64_t floats) {
  constexpr std::int64_t kLineFloats = 16;
  for (std::int64_t i = 0; i < floats; i += kLineFloats) __builtin_prefetch(first + i);
}

// A, in panels of the height of a tile: panel[step * lanes + lane], each panel_floats() after the
// one before. The lanes are contiguous, so a step of a group of panels is read in one go; a step
// may write kWidth floats past its end, where the next step follows or nobody's floats.
template <class V>
constexpr std::int64_t panel_floats(std::int64_t steps) {
  return V::kTileRows * steps + 16;
}
template <class V>
void pack_panels(const Operand& from, const EvenParts& panels, std::int64_t steps, float* packed) {
  constexpr int W = V::kWidth;
  constexpr std::int64_t kGroup = 16;  // panels written side by side
  // From this one on, whole vectors would reach past the last lane, behind which there may be
  // nothing to read.
  std::int64_t last = panels.parts - 1;
  const std::int64_t lanes_in_all = panels.begin(last) + panels.length(last);
  while (last > 0 && panels.begin(last - 1) + round_up(V::kTileRows, W) > lanes_in_all) --last;
  for (std::int64_t first = 0; first < panels.parts; first += kGroup) {
    const std::int64_t end = smaller(first + kGroup, last);
    const std::int64_t lanes = panels.begin(smaller(end, last)) - panels.begin(first);
    for (std::int64_t step = 0; step < steps; ++step) {
      const float* row = from.data + step * from.step_stride;
      prefetch_ahead(row + panels.begin(first) + kStepsAhead * from.step_stride, lanes);
      for (std::int64_t p = first; p < end; ++p) {
        const float* lane = row + panels.begin(p);
        float* target = packed + p * panel_floats<V>(steps) + step * panels.length(p);
#pragma GCC unroll 4
        for (int l = 0; l < V::kTileRows; l += W) V::store(target + l, V::load(lane + l));
      }
    }
  }
  for (std::int64_t p = last; p < panels.parts; ++p) {
    const std::int64_t lanes = panels.length(p);
    const std::int64_t full = lanes / W * W;
    const auto tail = V::tail(lanes - full);
    float* target = packed + p * panel_floats<V>(steps);
    for (std::int64_t step = 0; step < steps; ++step, target += lanes) {
      const float* lane = from.data + step * from.step_stride + panels.begin(p);
      for (std::int64_t l = 0; l < full; l += W) V::store(target + l, V::load(lane + l));
      if (full < lanes) V::store(target + full, V::load_tail(lane + full, tail));
    }
  }
}

// B, in strips of the width of a tile: strip[step * width + lane]; the last one as wide as the
// whole vectors that hold its lanes, with anything in the lanes that are too many. Strip j begins
// at packed + j * tile width * steps.
template <class V>
void pack_contiguous_lanes(const Operand& from, std::int64_t lanes, std::int64_t steps,
                           float* packed) {
  constexpr int W = V::kWidth;
  constexpr std::int64_t kStrip = V::kTileVectors * W;
  constexpr std::int64_t kGroup = 64 / kStrip > 1 ? 64 / kStrip : 1;  // 256 bytes of a row at once
  std::int64_t lane = 0;
  for (; lane + kGroup * kStrip <= lanes; lane += kGroup * kStrip) {
    for (std::int64_t step = 0; step < steps; ++step) {
      const float* source = from.data + step * from.step_stride + lane;
      prefetch_ahead(source + kStepsAhead * from.step_stride, kGroup * kStrip);
      float* target = packed + lane * steps + step * kStrip;
#pragma GCC unroll 8
      for (std::int64_t strip = 0; strip < kGroup; ++strip) {
#pragma GCC unroll 4
        for (int v = 0; v < V::kTileVectors; ++v) {
          V::store(target + strip * kStrip * steps + v * W,
                   V::load(source + strip * kStrip + v * W));
        }
      }
    }
  }
  for (; lane < lanes; lane += kStrip) {
    const std::int64_t width = smaller(kStrip, lanes - lane);
    const std::int64_t full = width / W * W;
    const std::int64_t pitch = round_up(width, W);
    const auto tail = V::tail(width - full);
    for (std::int64_t step = 0; step < steps; ++step) {
      const float* source = from.data + step * from.step_stride + lane;
      float* target = packed + lane * steps + step * pitch;
      for (std::int64_t l = 0; l < full; l += W) V::store(target + l, V::load(source + l));
      if (full < width) V::store(target + full, V::load_tail(source + full, tail));
    }
  }
}

// dst[j * dst_stride + i] = src[i * src_stride + j] for i, j < kSide<V>.
template <class V>
constexpr std::int64_t kSide = V::kWidth == 8 ? 8 : 4;
template <class V>
void transpose_square(const float* src, std::int64_t src_stride, float* dst,
                      std::int64_t dst_stride) {
  if constexpr (kSide<V> == 8) {
    V::transpose8(src, src_stride, dst, dst_stride);
  } else {
    V::transpose4(src, src_stride, dst, dst_stride);
  }
}

// The same where the steps of a lane are contiguous: a transposition, square by square.
template <class V>
void pack_contiguous_steps(const Operand& from, std::int64_t lanes, std::int64_t steps,
                           float* packed) {
  constexpr std::int64_t kStrip = V::kTileVectors * V::kWidth;
  const std::int64_t stride = from.lane_stride;
  for (std::int64_t first = 0; first < lanes; first += kStrip) {
    const std::int64_t width = smaller(kStrip, lanes - first);
    const std::int64_t pitch = round_up(width, V::kWidth);
    float* strip = packed + first * steps;
    std::int64_t lane = 0;
    for (; lane + kSide<V> <= width; lane += kSide<V>) {
      const float* source = from.data + (first + lane) * stride;
      std::int64_t step = 0;
      for (; step + kSide<V> <= steps; step += kSide<V>) {
        transpose_square<V>(source + step, stride, strip + step * pitch + lane, pitch);
      }
      for (; step < steps; ++step) {
        for (int l = 0; l < kSide<V>; ++l)
          strip[step * pitch + lane + l] = source[l * stride + step];
      }
    }
    for (; lane < width; ++lane) {
      const float* source = from.data + (first + lane) * stride;
      for (std::int64_t step = 0; step < steps; ++step) strip[step * pitch + lane] = source[step];
    }
  }
}

template <class V>
void pack_strips(const Operand& from, std::int64_t lanes, std::int64_t steps, float* packed) {
  if (from.lane_stride == 1) {
    pack_contiguous_lanes<V>(from, lanes, steps, packed);
  } else {
    pack_contiguous_steps<V>(from, lanes, steps, packed);
  }
}

}  // namespace
}  // namespace holdfast::kernels
