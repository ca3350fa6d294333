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

  // Takes in `rows` <= W rows; the lanes past them repeat zeros. Some time before compute(): whole
  // vectors are read from what is written here number by number, for which the processor waits.
  void load(const float* z, std::int64_t stride, int rows) {
    rows_ = rows;
    if (rows < W) {
      for (int c = 0; c < classes_; ++c) V::store(values_[c], V::zero());
    }
    for (int r = 0; r < rows; ++r) {
      for (int c = 0; c < classes_; ++c) values_[c][r] = z[r * stride + c];
    }
  }

  // The largest value of each row, and the exponentials of the distances from it.
  void compute() {
    F fold[kLanes];
    for (int c = 0; c < classes_; ++c) fold[c] = V::load(values_[c]);
    most_ = fold_classes(fold, [](F a, F b) { return V::max(a, b); });
    for (int c = 0; c < classes_; ++c) {
      fold[c] = exp<V>(V::sub(V::load(values_[c]), most_));
      V::store(exponentials_[c], fold[c]);
    }
    total_ = fold_classes(fold, [](F a, F b) { return V::add(a, b); });
  }

  // exponential / total of the elements of a class.
  F probabilities(int c) const { return V::div(V::load(exponentials_[c]), total_); }
  // Keeps a result in place of the exponentials of a class.
  void keep(int c, F result) { V::store(exponentials_[c], result); }
  // Writes what is kept.
  void write(float* out, std::int64_t stride) const {
    for (int r = 0; r < rows_; ++r) {
      for (int c = 0; c < classes_; ++c) out[r * stride + c] = exponentials_[c][r];
    }
  }
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
  NarrowRows<V> blocks[2] = {NarrowRows<V>(z.cols), NarrowRows<V>(z.cols)};
  const auto load = [&](std::int64_t i) {
    if (i >= z.rows) return;
    const std::int64_t rows = z.rows - i < V::kWidth ? z.rows - i : V::kWidth;
    blocks[i / V::kWidth % 2].load(z.data + i * z.stride, z.stride, static_cast<int>(rows));
  };
  load(0);
  for (std::int64_t i = 0; i < z.rows; i += V::kWidth) {
    load(i + V::kWidth);
    NarrowRows<V>& block = blocks[i / V::kWidth % 2];
    block.compute();
    body(i, block);
  }
}

template <class V>
void narrow_softmax(const ConstMatrix& x, const Matrix& y) {
  for_each_narrow_block<V>(x, [&](std::int64_t first, NarrowRows<V>& block) {
    for (int c = 0; c < x.cols; ++c) block.keep(c, block.probabilities(c));
    block.write(y.data + first * y.stride, y.stride);
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
    alignas(64) float labels[V::kWidth] = {};
    for (int r = 0; r < block.rows(); ++r) {
      labels[r] = static_cast<float>(args.labels[first + r]);
    }
    const auto scale = V::load_tail(args.dloss + first, V::tail(block.rows()));
    const auto label = V::load(labels);
    for (int c = 0; c < args.logits.cols; ++c) {
      const auto here = V::eq(label, V::set(static_cast<float>(c)));
      const auto one_hot = V::select(here, V::set(1.0f), V::zero());
      block.keep(c, V::mul(scale, V::sub(block.probabilities(c), one_hot)));
    }
    block.write(args.dlogits.data + first * args.dlogits.stride, args.dlogits.stride);
  });
}

}  // namespace
}  // namespace holdfast::kernels
