// Softmax of rows of at most 16 elements, which fit the lanes of the fixed tree: kWidth rows at a
// time, a vector for each class. The bits are those of softmax_impl.h: elements that a row does not
// have add exact zeros there and are left out here.
#pragma once

#include "kernels/kernels.h"
#include "kernels/math_impl.h"
#include "kernels/reduce_impl.h"

namespace holdfast::kernels {
namespace {

template <class V>
class NarrowRows {
 public:
  using F = typename V::F;
  static constexpr int W = V::kWidth;

  explicit NarrowRows(std::int64_t classes) : classes_(static_cast<int>(classes)) {}

  static bool fits(std::int64_t classes) { return classes > 0 && classes <= kLanes; }

  // Takes in `rows` <= W rows; the lanes past them repeat zeros.
  void load(const float* z, std::int64_t stride, int rows) {
    rows_ = rows;
    if (rows < W) {
      for (int c = 0; c < classes_; ++c) V::store(values_[c], V::zero());
    }
    for (int r = 0; r < rows; ++r) {
      for (int c = 0; c < classes_; ++c) values_[c][r] = z[r * stride + c];
    }
    F fold[kLanes];
    for (int c = 0; c < classes_; ++c) fold[c] = V::load(values_[c]);
    most_ = fold_classes(fold, [](F a, F b) { return V::max(a, b); });
    for (int c = 0; c < classes_; ++c) {
      fold[c] = exp<V>(V::sub(V::load(values_[c]), most_));
      V::store(exponentials_[c], fold[c]);
    }
    total_ = fold_classes(fold, [](F a, F b) { return V::add(a, b); });
  }

  // exponential / total of every element, left in place of the exponentials.
  void normalize() {
    for (int c = 0; c < classes_; ++c) {
      V::store(exponentials_[c], V::div(V::load(exponentials_[c]), total_));
    }
  }

  float probability(int row, int c) const { return exponentials_[c][row]; }
  float logit(int row, std::int64_t c) const { return values_[c][row]; }
  F most() const { return most_; }
  F log_total() const { return log<V>(total_); }
  int rows() const { return rows_; }

 private:
  // Lane l takes in lane l + 8, then l + 4, l + 2, l + 1, where the row has them.
  template <class Combine>
  F fold_classes(F (&lanes)[kLanes], const Combine& combine) const {
    int live = classes_;
    for (int half = kLanes / 2; half > 0; half /= 2) {
      for (int l = 0; l + half < live; ++l) lanes[l] = combine(lanes[l], lanes[l + half]);
      live = live < half ? live : half;
    }
    return lanes[0];
  }

  int classes_;
  int rows_ = 0;
  F most_;
  F total_;
  alignas(64) float values_[kLanes][W];
  alignas(64) float exponentials_[kLanes][W];
};

// body(first row, NarrowRows) for every kWidth rows of z.
template <class V, class Body>
void for_each_narrow_block(const ConstMatrix& z, const Body& body) {
  NarrowRows<V> block(z.cols);
  for (std::int64_t i = 0; i < z.rows; i += V::kWidth) {
    const std::int64_t rows = z.rows - i < V::kWidth ? z.rows - i : V::kWidth;
    block.load(z.data + i * z.stride, z.stride, static_cast<int>(rows));
    body(i, block);
  }
}

template <class V>
void narrow_softmax(const ConstMatrix& x, const Matrix& y) {
  for_each_narrow_block<V>(x, [&](std::int64_t first, NarrowRows<V>& block) {
    block.normalize();
    for (int r = 0; r < block.rows(); ++r) {
      float* out = y.data + (first + r) * y.stride;
      for (int c = 0; c < x.cols; ++c) out[c] = block.probability(r, c);
    }
  });
}

template <class V>
void narrow_sparse_cross_entropy(const SparseSoftmaxCrossEntropyArgs& args) {
  for_each_narrow_block<V>(args.logits, [&](std::int64_t first, NarrowRows<V>& block) {
    alignas(64) float at_label[V::kWidth] = {};
    for (int r = 0; r < block.rows(); ++r) at_label[r] = block.logit(r, args.labels[first + r]);
    const auto shifted = V::sub(V::load(at_label), block.most());
    V::store_tail(args.loss + first, V::tail(block.rows()), V::sub(block.log_total(), shifted));
  });
}

template <class V>
void narrow_sparse_cross_entropy_grad(const SparseSoftmaxCrossEntropyGradArgs& args) {
  for_each_narrow_block<V>(args.logits, [&](std::int64_t first, NarrowRows<V>& block) {
    block.normalize();
    for (int r = 0; r < block.rows(); ++r) {
      float* out = args.dlogits.data + (first + r) * args.dlogits.stride;
      const float scale = args.dloss[first + r];
      for (int c = 0; c < args.logits.cols; ++c) {
        const float one_hot = c == args.labels[first + r] ? 1.0f : 0.0f;
        out[c] = scale * (block.probability(r, c) - one_hot);
      }
    }
  });
}

}  // namespace
}  // namespace holdfast::kernels
