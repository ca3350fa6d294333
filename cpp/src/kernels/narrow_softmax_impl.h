// Softmax of rows of at most 16 elements, which fit the lanes of the fixed tree: a row for each
// lane, a vector for each class. The bits are those of softmax_impl.h: elements that a row does not
// have add exact zeros there and are left out here.
#pragma once

#include "kernels/kernels.h"
#include "kernels/math_impl.h"
#include "kernels/reduce_impl.h"
#include "kernels/vec_several.h"

namespace holdfast::kernels {
namespace {

// kWhole: there is a row for every lane of V.
template <class V, bool kWhole>
class NarrowRows {
 public:
  using Vector = V;
  using F = typename V::F;

  // The first `rows` <= kWidth rows of z; the lanes past them repeat zeros.
  NarrowRows(const float* z, std::int64_t stride, int rows, std::int64_t classes)
      : rows_(rows), classes_(static_cast<int>(classes)) {
    F values[kLanes];
    for (int c = 0; c < classes_; ++c) {
      values[c] = lanes([&](int r) { return z[r * stride + c]; });
      V::store(exponentials_[c], values[c]);
    }
    most_ = fold_classes(values, [](F a, F b) { return V::max(a, b); });
    for (int c = 0; c < classes_; ++c) {
      values[c] = exp<V>(V::sub(V::load(exponentials_[c]), most_));
      V::store(exponentials_[c], values[c]);
    }
    total_ = fold_classes(values, [](F a, F b) { return V::add(a, b); });
  }

  // The largest value of each row.
  F most() const { return most_; }
  // The logarithm of the sum of the exponentials of the distances from it.
  F log_total() const { return log<V>(total_); }
  // exponential / total of the elements of a class.
  F probabilities(int c) const { return V::div(V::load(exponentials_[c]), total_); }
  // Keeps a result in place of the exponentials of a class.
  void keep(int c, F result) { V::store(exponentials_[c], result); }
  // Writes what is kept.
  void write(float* out, std::int64_t stride) const {
    const int rows = kWhole ? V::kWidth : rows_;
    for (int r = 0; r < rows; ++r) {
      for (int c = 0; c < classes_; ++c) out[r * stride + c] = exponentials_[c][r];
    }
  }

  // Of a number for each row. Lane r is at(r) where there is such a row, else 0.
  template <class At>
  F lanes(const At& at) const {
    if constexpr (kWhole) return V::lanes(at);
    return V::lanes([&](int r) { return r < rows_ ? at(r) : 0.0f; });
  }
  F load(const float* p) const {
    if constexpr (kWhole) {
      return V::load(p);
    } else {
      return V::load_tail(p, V::tail(rows_));
    }
  }
  void store(float* p, F a) const {
    if constexpr (kWhole) {
      V::store(p, a);
    } else {
      V::store_tail(p, V::tail(rows_), a);
    }
  }

 private:
  // Lane l takes in lane l + 8, then l + 4, l + 2, l + 1, where the row has them.
  template <class Combine>
  F fold_classes(F (&of)[kLanes], const Combine& combine) const {
    int live = classes_;
    for (int half = kLanes / 2; half > 0; half /= 2) {
      for (int l = 0; l + half < live; ++l) of[l] = combine(of[l], of[l + half]);
      live = live < half ? live : half;
    }
    return of[0];
  }

  int rows_;
  int classes_;
  F most_;
  F total_;
  alignas(64) float exponentials_[kLanes][V::kWidth];
};

inline bool are_narrow(const ConstMatrix& z) { return z.cols > 0 && z.cols <= kLanes; }

// body(first row, NarrowRows) for all rows of z. Two vectors at a time, while there are rows for
// them: one alone would wait for itself.
template <class V, class Body>
void for_each_narrow_block(const ConstMatrix& z, const Body& body) {
  using Two = Several<V, 2>;
  std::int64_t i = 0;
  for (; i + Two::kWidth <= z.rows; i += Two::kWidth) {
    NarrowRows<Two, true> block(z.data + i * z.stride, z.stride, Two::kWidth, z.cols);
    body(i, block);
  }
  for (; i < z.rows; i += V::kWidth) {
    const auto rows = static_cast<int>(z.rows - i < V::kWidth ? z.rows - i : V::kWidth);
    NarrowRows<V, false> block(z.data + i * z.stride, z.stride, rows, z.cols);
    body(i, block);
  }
}

template <class V>
void narrow_softmax(const ConstMatrix& x, const Matrix& y) {
  for_each_narrow_block<V>(x, [&](std::int64_t first, auto& block) {
    for (int c = 0; c < x.cols; ++c) block.keep(c, block.probabilities(c));
    block.write(y.data + first * y.stride, y.stride);
  });
}

// loss[first ...] of the rows of a block.
template <class Rows>
void narrow_losses(const SparseSoftmaxCrossEntropyArgs& args, std::int64_t first,
                   const Rows& block) {
  using V = typename Rows::Vector;
  const auto at_label = block.lanes([&](int r) {
    const std::int64_t row = first + r;
    return args.logits.data[row * args.logits.stride + args.labels[row]];
  });
  block.store(args.loss + first, V::sub(block.log_total(), V::sub(at_label, block.most())));
}

// Their rows of dlogits, in place of the block's exponentials.
template <class Rows>
void narrow_gradients(const SparseSoftmaxCrossEntropyArgs& args, std::int64_t first, Rows& block) {
  using V = typename Rows::Vector;
  const auto label = block.lanes([&](int r) { return static_cast<float>(args.labels[first + r]); });
  const auto scale = args.dloss == nullptr ? V::set(1.0f) : block.load(args.dloss + first);
  for (int c = 0; c < args.logits.cols; ++c) {
    const auto here = V::eq(label, V::set(static_cast<float>(c)));
    const auto one_hot = V::select(here, V::set(1.0f), V::zero());
    block.keep(c, V::mul(scale, V::sub(block.probabilities(c), one_hot)));
  }
  block.write(args.dlogits.data + first * args.dlogits.stride, args.dlogits.stride);
}

template <class V>
void narrow_sparse_cross_entropy(const SparseSoftmaxCrossEntropyArgs& args) {
  for_each_narrow_block<V>(args.logits, [&](std::int64_t first, auto& block) {
    if (args.loss != nullptr) narrow_losses(args, first, block);
    if (args.dlogits.data != nullptr) narrow_gradients(args, first, block);
  });
}

}  // namespace
}  // namespace holdfast::kernels
