// Softmax and the cross-entropies over a vector type. Sums along a row use the fixed 16-lane tree.
#pragma once

#include "kernels/elementwise_impl.h"
#include "kernels/kernels.h"
#include "kernels/math_impl.h"
#include "kernels/narrow_softmax_impl.h"
#include "kernels/reduce_impl.h"

namespace holdfast::kernels {
namespace {

// Sum over c of exp(z[c] - most).
template <class V>
float sum_of_exponentials(const float* z, std::int64_t n, float most) {
  const auto shift = V::set(most);
  typename V::Group lanes;
  fill_lanes<V>(lanes, 0.0f);
  // Off the end: exp(-infinity) = 0.
  reduce_lanes<V>(z, n, lanes, -kInfinity, [&](auto total, auto next) {
    return V::add(total, exp<V>(V::sub(next, shift)));
  });
  return V::fold(lanes);
}

template <class V>
float log_one(float x) {
  return V::first(log<V>(V::set(x)));
}

struct RowTotals {
  float most;   // the largest
  float total;  // of exp(x[c] - most)
};

template <class V>
RowTotals softmax_row(const float* x, float* y, std::int64_t n) {
  const float most = row_max<V>(x, n);
  map<V>(
      n, y,
      [&](auto u, auto z) {
        using U = decltype(u);
        return exp<U>(U::sub(z, U::set(most)));
      },
      x);
  const float total = sum<V>(y, n);
  map<V>(n, y, [&](auto u, auto e) { return u.div(e, u.set(total)); }, y);
  return {most, total};
}

template <class V>
void softmax(const ConstMatrix& x, const Matrix& y) noexcept {
  if (are_narrow(x)) return narrow_softmax<V>(x, y);
  for (std::int64_t i = 0; i < x.rows; ++i) {
    softmax_row<V>(x.data + i * x.stride, y.data + i * y.stride, x.cols);
  }
}

template <class V>
void log_softmax(const ConstMatrix& x, const Matrix& y) noexcept {
  for (std::int64_t i = 0; i < x.rows; ++i) {
    const float* row = x.data + i * x.stride;
    const float most = row_max<V>(row, x.cols);
    const float log_total = log_one<V>(sum_of_exponentials<V>(row, x.cols, most));
    map<V>(
        x.cols, y.data + i * y.stride,
        [&](auto u, auto z) { return u.sub(u.sub(z, u.set(most)), u.set(log_total)); }, row);
  }
}

template <class V>
void sparse_softmax_cross_entropy(const SparseSoftmaxCrossEntropyArgs& args) noexcept {
  if (are_narrow(args.logits)) return narrow_sparse_cross_entropy<V>(args);
  const ConstMatrix& z = args.logits;
  for (std::int64_t i = 0; i < z.rows; ++i) {
    const float* row = z.data + i * z.stride;
    const std::int64_t label = args.labels[i];
    RowTotals totals;
    if (args.dlogits.data == nullptr) {
      totals.most = row_max<V>(row, z.cols);
      totals.total = sum_of_exponentials<V>(row, z.cols, totals.most);
    } else {
      float* out = args.dlogits.data + i * args.dlogits.stride;
      totals = softmax_row<V>(row, out, z.cols);
      out[label] -= 1.0f;
      if (args.dloss != nullptr)
        map<V>(z.cols, out, [&](auto u, auto p) { return u.mul(u.set(args.dloss[i]), p); }, out);
    }
    if (args.loss != nullptr) args.loss[i] = log_one<V>(totals.total) - (row[label] - totals.most);
  }
}

template <class V>
void softmax_cross_entropy(const SoftmaxCrossEntropyArgs& args) noexcept {
  using F = typename V::F;
  constexpr int W = V::kWidth;
  const ConstMatrix& z = args.logits;
  for (std::int64_t i = 0; i < z.rows; ++i) {
    const float* row = z.data + i * z.stride;
    const float* target = args.targets.data + i * args.targets.stride;
    const float most = row_max<V>(row, z.cols);
    const F shift = V::set(most);
    const F log_total = V::set(log_one<V>(sum_of_exponentials<V>(row, z.cols, most)));
    // t * (log_total - (z - most)), added up by the tree.
    typename V::Group lanes;
    fill_lanes<V>(lanes, 0.0f);
    int v = 0;
    for (std::int64_t c = 0; c < z.cols; c += W, v = (v + 1) % (kLanes / W)) {
      const auto tail = V::tail(z.cols - c < W ? z.cols - c : W);
      const F t = V::load_tail(target + c, tail);
      const F log_p = V::sub(log_total, V::sub(V::load_tail(row + c, tail, shift), shift));
      lanes[v] = V::add(lanes[v], V::mul(t, log_p));
    }
    args.loss[i] = V::fold(lanes);
  }
}

template <class V>
void softmax_cross_entropy_grad(const SoftmaxCrossEntropyGradArgs& args) noexcept {
  const ConstMatrix& z = args.logits;
  for (std::int64_t i = 0; i < z.rows; ++i) {
    float* out = args.dlogits.data + i * args.dlogits.stride;
    const float* target = args.targets.data + i * args.targets.stride;
    softmax_row<V>(z.data + i * z.stride, out, z.cols);
    const float mass = sum<V>(target, z.cols);
    const float scale = args.dloss[i];
    map<V>(
        z.cols, out,
        [&](auto u, auto p, auto t) {
          return u.mul(u.set(scale), u.sub(u.mul(p, u.set(mass)), t));
        },
        out, target);
  }
}

// max(z, 0) - z * t + log(1 + exp(-|z|)): does not overflow for any z.
template <class V>
void sigmoid_cross_entropy(const float* logits, const float* targets, float* loss,
                           std::int64_t n) noexcept {
  map<V>(
      n, loss,
      [](auto u, auto z, auto t) {
        using U = decltype(u);
        const auto linear = U::sub(U::max(U::zero(), z), U::mul(z, t));
        return U::add(linear, log1p_unit<U>(exp_of_negated<U>(U::abs(z))));
      },
      logits, targets);
}

template <class V>
void sigmoid_cross_entropy_grad(const float* logits, const float* targets, const float* dloss,
                                float* dlogits, std::int64_t n) noexcept {
  map<V>(
      n, dlogits,
      [](auto u, auto z, auto t, auto scale) {
        using U = decltype(u);
        return U::mul(scale, U::sub(sigmoid<U>(z), t));
      },
      logits, targets, dloss);
}

}  // namespace
}  // namespace holdfast::kernels
