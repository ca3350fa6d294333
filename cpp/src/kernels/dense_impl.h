// The three products of a dense layer over a vector type, each with what follows it fused in.
#pragma once

#include "kernels/activation_impl.h"
#include "kernels/gemm_impl.h"
#include "kernels/kernels.h"
#include "kernels/update_impl.h"

namespace holdfast::kernels {
namespace {

// Block of C kept in the workspace while k is cut, where the output array cannot hold partial sums.
constexpr std::int64_t kPartialColumns = 512;

std::int64_t partial_floats(std::int64_t rows, std::int64_t columns) {
  return smaller(rows, kMaxRows) * round_up(smaller(columns, kPartialColumns), 16);
}

std::int64_t dense_workspace_floats(std::int64_t m, std::int64_t k, std::int64_t n) noexcept {
  const std::int64_t partial = k > kMaxSteps ? partial_floats(m, n) : 0;
  return packed_a_floats(m, k) + packed_b_floats(k, n) + partial;
}

// std::decay for what a generic lambda is handed.
template <class T>
struct Bare;
template <class T>
struct Bare<const T&> {
  using Type = T;
};

template <class V>
void dense_forward(const DenseForwardArgs& args) noexcept {
  Product product{};
  product.a = {args.x.data, args.x.stride, 1};
  product.b = {args.w.data, 1, args.w.stride};
  product.rows = args.x.rows;
  product.steps = args.x.cols;
  product.columns = args.w.cols;
  product.c = args.y.data;
  product.c_stride = args.y.stride;
  product.workspace = args.workspace;
  product.context = &args;
  with_activation<V>(args.activation, args.alpha, [&](const auto& act) {
    using Act = typename Bare<decltype(act)>::Type;
    product.epilogue = [](const void* context, const Tile& tile) {
      const auto& dense = *static_cast<const DenseForwardArgs*>(context);
      const Act activation = Act(dense.alpha);
      const float* bias = dense.bias == nullptr ? nullptr : dense.bias + tile.column;
      float* y = dense.y.data + tile.row * dense.y.stride + tile.column;
      for_each_vector<V>(tile, [&](std::int64_t r, std::int64_t c, auto lanes) {
        auto value = V::load(tile.data + r * tile.stride + c);
        if (bias != nullptr) value = V::add(value, lanes.load(bias + c));
        lanes.store(y + r * dense.y.stride + c, activation.value(value));
      });
    };
  });
  if (args.bias == nullptr && args.activation == Activation::kLinear) product.epilogue = nullptr;
  multiply<V>(product);
}

template <class V>
void dense_grad_input(const DenseGradInputArgs& args) noexcept {
  Product product{};
  product.a = {args.dy.data, args.dy.stride, 1};
  product.b = {args.w.data, args.w.stride, 1};
  product.rows = args.dy.rows;
  product.steps = args.dy.cols;
  product.columns = args.w.rows;
  product.c = args.dx.data;
  product.c_stride = args.dx.stride;
  product.workspace = args.workspace;
  product.context = &args;
  with_activation<V>(args.activation, args.alpha, [&](const auto& act) {
    using Act = typename Bare<decltype(act)>::Type;
    product.epilogue = [](const void* context, const Tile& tile) {
      const auto& dense = *static_cast<const DenseGradInputArgs*>(context);
      const Act activation = Act(dense.alpha);
      const float* below = dense.y_below.data + tile.row * dense.y_below.stride + tile.column;
      float* dx = dense.dx.data + tile.row * dense.dx.stride + tile.column;
      for_each_vector<V>(tile, [&](std::int64_t r, std::int64_t c, auto lanes) {
        const auto y = lanes.load(below + r * dense.y_below.stride + c);
        const auto gradient = V::load(tile.data + r * tile.stride + c);
        lanes.store(dx + r * dense.dx.stride + c, activation.slope(y, gradient));
      });
    };
  });
  if (args.activation == Activation::kLinear) {
    product.epilogue = nullptr;
  } else {
    product.nearby[0] = args.y_below.data;
    product.nearby_stride = args.y_below.stride;
  }
  multiply<V>(product);
}

template <class V>
void descend_tile(const void* context, const Tile& tile) {
  const auto& dense = *static_cast<const DenseGradKernelArgs*>(context);
  const auto learning_rate = V::set(dense.learning_rate);
  float* weights = dense.out.data + tile.row * dense.out.stride + tile.column;
  for_each_vector<V>(tile, [&](std::int64_t r, std::int64_t c, auto lanes) {
    float* w = weights + r * dense.out.stride + c;
    const auto gradient = V::load(tile.data + r * tile.stride + c);
    lanes.store(w, descended<V>(lanes.load(w), gradient, learning_rate));
  });
}

template <class V>
void adagrad_tile(const void* context, const Tile& tile) {
  const auto& dense = *static_cast<const DenseGradKernelArgs*>(context);
  const auto learning_rate = V::set(dense.learning_rate);
  const std::int64_t first = tile.row * dense.out.stride + tile.column;
  for_each_vector<V>(tile, [&](std::int64_t r, std::int64_t c, auto lanes) {
    const std::int64_t at = first + r * dense.out.stride + c;
    auto w = lanes.load(dense.out.data + at);
    auto a = lanes.load(dense.accumulator + at);  // 0 / sqrt(0) off the end is thrown away
    adagrad<V>(&w, &a, V::load(tile.data + r * tile.stride + c), learning_rate);
    lanes.store(dense.accumulator + at, a);
    lanes.store(dense.out.data + at, w);
  });
}

// A part of the outputs of a weight gradient.
DenseGradKernelArgs block_of(const DenseGradKernelArgs& args, std::int64_t row, std::int64_t rows,
                             std::int64_t column, std::int64_t columns) {
  DenseGradKernelArgs block = args;
  block.x.data += row;
  block.x.cols = rows;
  block.dy.data += column;
  block.dy.cols = columns;
  const std::int64_t offset = row * args.out.stride + column;
  block.out = {args.out.data + offset, rows, columns, args.out.stride};
  if (args.accumulator != nullptr) block.accumulator = args.accumulator + offset;
  return block;
}

// `partial`: where partial sums go, rows x columns, or nullptr.
template <class V>
void grad_kernel_block(const DenseGradKernelArgs& args, float* partial,
                       std::int64_t partial_stride) {
  Product product{};
  product.a = {args.x.data, 1, args.x.stride};
  product.b = {args.dy.data, 1, args.dy.stride};
  product.rows = args.x.cols;
  product.steps = args.x.rows;
  product.columns = args.dy.cols;
  product.c = partial;
  product.c_stride = partial_stride;
  product.workspace = args.workspace;
  product.context = &args;
  if (args.update == Update::kGradientDescent) product.epilogue = &descend_tile<V>;
  if (args.update == Update::kAdagrad) product.epilogue = &adagrad_tile<V>;
  if (args.update != Update::kNone) {
    product.nearby[0] = args.out.data;
    product.nearby[1] = args.update == Update::kAdagrad ? args.accumulator : nullptr;
    product.nearby_stride = args.out.stride;
  }
  multiply<V>(product);
}

template <class V>
void dense_grad_kernel(const DenseGradKernelArgs& args) noexcept {
  if (args.update == Update::kNone) {
    return grad_kernel_block<V>(args, args.out.data, args.out.stride);
  }
  if (args.x.rows <= kMaxSteps) return grad_kernel_block<V>(args, nullptr, 0);
  float* const partial = args.workspace + packed_a_floats(args.x.cols, args.x.rows) +
                         packed_b_floats(args.x.rows, args.dy.cols);
  for (std::int64_t j = 0; j < args.dy.cols; j += kPartialColumns) {
    const std::int64_t columns = smaller(kPartialColumns, args.dy.cols - j);
    for (std::int64_t i = 0; i < args.x.cols; i += kMaxRows) {
      const std::int64_t rows = smaller(kMaxRows, args.x.cols - i);
      grad_kernel_block<V>(block_of(args, i, rows, j, columns), partial, round_up(columns, 16));
    }
  }
}

}  // namespace
}  // namespace holdfast::kernels
