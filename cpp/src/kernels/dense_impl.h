// The three products of a dense layer over a vector type, each with what follows it fused in.
#pragma once

#include "kernels/activation_impl.h"
#include "kernels/few_rows_impl.h"
#include "kernels/gemm_impl.h"
#include "kernels/kernels.h"
#include "kernels/update_impl.h"

namespace holdfast::kernels {
namespace {

std::int64_t dense_workspace_floats(std::int64_t m, std::int64_t k, std::int64_t n) noexcept {
  // Partial sums of a weight gradient that is used up where it is made.
  const std::int64_t partial = k > kMaxSteps ? round_up(m, 16) * round_up(n, 16) : 0;
  // A product may be computed as its transpose.
  const auto larger = [](std::int64_t a, std::int64_t b) { return a < b ? b : a; };
  return larger(packed_a_floats(m, k) + packed_b_floats(k, n),
                packed_a_floats(n, k) + packed_b_floats(k, m)) +
         partial;
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
  if (args.bias != nullptr) {
    product.bias = args.bias;
    if (args.activation == Activation::kLinear) product.finish = Finish::kBias;
    if (args.activation == Activation::kRelu) product.finish = Finish::kBiasRelu;
  }
  product.nearby[0] = {args.y.data, args.y.stride};
  if (is_few_rows_of_far<V>(product)) return multiply_few_rows<V>(product);
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
  product.nearby[0] = {args.dx.data, args.dx.stride};
  if (args.activation == Activation::kLinear) {
    product.epilogue = nullptr;
  } else {
    product.nearby[1] = {args.y_below.data, args.y_below.stride};
    product.below = product.nearby[1];
    if (args.activation == Activation::kRelu) product.finish = Finish::kReluSlope;
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

template <class V>
void store_gradient_tile(const void* context, const Tile& tile) {
  const auto& dense = *static_cast<const DenseGradKernelArgs*>(context);
  float* const out = dense.out.data + tile.row * dense.out.stride + tile.column;
  copy_tile<V>(tile, tile.data, tile.stride, out, dense.out.stride);
}

template <class V>
void dense_grad_kernel(const DenseGradKernelArgs& args) noexcept {
  // Few outputs fill few lanes of a vector; inputs fill them all.
  const bool turned = args.dy.cols < V::kTileVectors * V::kWidth && args.x.cols >= 64;
  const Operand x{args.x.data, 1, args.x.stride};
  const Operand dy{args.dy.data, 1, args.dy.stride};
  Product product{};
  product.transposed = turned;
  product.a = turned ? dy : x;
  product.b = turned ? x : dy;
  product.rows = turned ? args.dy.cols : args.x.cols;
  product.columns = turned ? args.x.cols : args.dy.cols;
  product.steps = args.x.rows;
  product.workspace = args.workspace;
  product.context = &args;
  product.epilogue = args.update == Update::kAdagrad           ? &adagrad_tile<V>
                     : args.update == Update::kGradientDescent ? &descend_tile<V>
                                                               : &store_gradient_tile<V>;
  if (args.update == Update::kNone && !turned) {
    product.c = args.out.data;
    product.c_stride = args.out.stride;
    product.epilogue = nullptr;
  } else if (product.steps > kMaxSteps) {
    product.c = args.workspace + packed_a_floats(product.rows, product.steps) +
                packed_b_floats(product.steps, product.columns);
    product.c_stride = round_up(product.columns, 16);
  }
  if (!turned) {
    product.nearby[0] = {args.out.data, args.out.stride};
    if (args.update == Update::kAdagrad) product.nearby[1] = {args.accumulator, args.out.stride};
  }
  multiply<V>(product);
}

}  // namespace
}  // namespace holdfast::kernels
