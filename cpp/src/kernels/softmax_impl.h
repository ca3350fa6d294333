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

// y[c] = exp(x[c] - largest x), and their sum: what is added is what is written.
template <class V>
[[gnu::flatten]] RowTotals exponentials_of_row(const float* x, float* y, std::int64_t n) {
  constexpr int W = V::kWidth;
  const float most = row_max<V>(x, n);
  const auto shift = V::set(most);
  typename V::Group lanes;
  fill_lanes<V>(lanes, 0.0f);
  std::int64_t c = 0;
  for (; c + kLanes <= n; c += kLanes) {
    for (int v = 0; v < kLanes / W; ++v) {
      const auto e = exp<V>(V::sub(V::load(x + c + v * W), shift));
      V::store(y + c + v * W, e);
      lanes[v] = V::add(lanes[v], e);
    }
  }
  for (int v = 0; c < n; ++v, c += W) {
    const auto tail = V::tail(n - c < W ? n - c : W);
    const auto e = exp<V>(V::sub(V::load_tail(x + c, tail, shift), shift));
    V::store_tail(y + c, tail, e);
    // What was written, and zeros off the end.
    lanes[v] = V::add(lanes[v], V::load_tail(y + c, tail));
  }
  return {most, V::fold(lanes)};
}

template <class V>
void softmax(const ConstMatrix& x, const Matrix& y) noexcept {
  if (are_narrow(x)) return narrow_softmax<V>(x, y);
  for (std::int64_t i = 0; i < x.rows; ++i) {
    float* row = y.data + i * y.stride;
    const float total = exponentials_of_row<V>(x.data + i * x.stride, row, x.cols).total;
    map<V>(x.cols, row, [&](auto u, auto e) { return u.div(e, u.set(total)); }, row);
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
    const float at_label = row[label];
    RowTotals totals;
    if (args.dlogits.data == nullptr) {
      totals.most = row_max<V>(row, z.cols);
      totals.total = sum_of_exponentials<V>(row, z.cols, totals.most);
    } else {
      float* out = args.dlogits.data + i * args.dlogits.stride;
      totals = exponentials_of_row<V>(row, out, z.cols);
      const float scale = args.dloss == nullptr ? 1.0f : args.dloss[i];
      const float slope_at_label = scale * (out[label] / totals.total - 1.0f);
      map<V>(
          z.cols, out,
          [&](auto u, auto e) { return u.mul(u.set(scale), u.div(e, u.set(totals.total))); }, out);
      out[label] = slope_at_label;
    }
    if (args.loss != nullptr) args.loss[i] = log_one<V>(totals.total) - (at_label - totals.most);
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
    const float total = exponentials_of_row<V>(z.data + i * z.stride, out, z.cols).total;
    const float mass = sum<V>(target, z.cols);
    const float scale = args.dloss[i];
    map<V>(
        z.cols, out,
        [&](auto u, auto e, auto t) {
          const auto p = u.div(e, u.set(total));
          return u.mul(u.set(scale), u.sub(u.mul(p, u.set(mass)), t));
        },
        out, target);
  }
}

// max(z, 0) - z * t + log(1 + exp(-|z|)): does not overflow for any z. Kept: the exponential.
struct SigmoidCrossEntropyStages {
  static constexpr int kKept = 1;
  template <class V>
  Kept<V, kKept> first(V, typename V::F z) const {
    return {{exp_of_negated<V>(V::abs(z))}};
  }
  template <class V>
  typename V::F second(V, const Kept<V, kKept>& kept, typename V::F z, typename V::F t) const {
    const auto linear = V::sub(V::max(V::zero(), z), V::mul(z, t));
    return V::add(linear, log1p_unit<V>(kept.v[0]));
  }
};

template <class V>
void sigmoid_cross_entropy(const float* logits, const float* targets, float* loss,
                           std::int64_t n) noexcept {
  map_in_stages<V>(n, loss, SigmoidCrossEntropyStages{}, logits, targets);
}

template <class V>
void sigmoid_cross_entropy_grad(const float* logits, const float* targets, const float* dloss,
                                float* dlogits, std::int64_t n) noexcept {
  map<V, kVectorsOfLongBody>(
      n, dlogits,
      [](auto u, auto z, auto t, auto scale) {
        using U = decltype(u);
        return U::mul(scale, U::sub(sigmoid<U>(z), t));
      },
      logits, targets, dloss);
}

}  // namespace
}  // namespace holdfast::kernels
