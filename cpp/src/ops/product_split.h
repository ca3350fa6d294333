// Splits a matrix product between threads by the rows or the columns of its output, so that the
// order of every sum stays what it is on one thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "graph/op.h"
#include "kernels/kernels.h"

namespace holdfast {

// A rectangle of the output and the scratch of the thread that computes it.
struct ProductPart {
  Range rows;
  Range cols;
  float* workspace;  // while it runs
};

// Of a product whose output is rows x cols and whose summed axis has `depth` elements.
// Decided once, when a program is planned.
class ProductSplit {
 public:
  ProductSplit(const KernelContext& context, std::int64_t rows, std::int64_t depth,
               std::int64_t cols)
      : scratch_(context.shared_scratch()) {
    const std::int64_t floats_moved = rows * depth + depth * cols + rows * cols;
    const std::int64_t work = 2 * rows * depth * cols + kFlopsOfFloat * floats_moved;
    const bool by_rows = rows >= cols;
    const std::int64_t grain = by_rows ? kRowGrain : kGrain;
    const std::int64_t grains = std::max<std::int64_t>((by_rows ? rows : cols) / grain, 1);
    const auto parts = static_cast<int>(
        std::clamp<std::int64_t>(std::min(work / kFlopsPerPart, grains), 1, context.threads));
    for (int part = 0; part < parts; ++part) {
      ProductPart piece{{0, rows}, {0, cols}, nullptr};
      (by_rows ? piece.rows : piece.cols) = split_range(by_rows ? rows : cols, parts, part, grain);
      offsets_.push_back(floats_);
      floats_ += kernels::table().dense_workspace_floats(piece.rows.end - piece.rows.begin, depth,
                                                         piece.cols.end - piece.cols.begin);
      floats_ = (floats_ + kGrain - 1) / kGrain * kGrain;
      parts_.push_back(piece);
    }
    scratch_->reserve(floats_ * static_cast<std::int64_t>(sizeof(float)));
  }

  template <typename Body>
  void run(ThreadPool& pool, const Body& body) const {
    auto* const scratch = reinterpret_cast<float*>(scratch_->data());
    pool.parallel(static_cast<int>(parts_.size()), [&](int part) {
      const auto i = static_cast<std::size_t>(part);
      ProductPart piece = parts_[i];
      piece.workspace = scratch + offsets_[i];
      body(piece);
    });
  }

 private:
  static constexpr std::int64_t kFlopsPerPart =
      500'000;                                      // about 5 us: what waking a thread must earn
  static constexpr std::int64_t kFlopsOfFloat = 4;  // what moving one costs, in flops
  static constexpr std::int64_t kGrain = 16;        // floats in a cache line
  static constexpr std::int64_t kRowGrain = 6;      // rows of a tile: no part ends in half a tile
  std::vector<ProductPart> parts_;
  std::vector<std::int64_t> offsets_;  // of each part's scratch, in floats
  std::int64_t floats_ = 0;
  std::shared_ptr<Scratch>
      scratch_;  // what one product has packed stays in the caches for the next
};

// Views of a buffer of rank 2, and of part of one.
inline kernels::Matrix matrix_view(const Buffer& buffer) {
  return {buffer.as<float>(), buffer.shape[0], buffer.shape[1], buffer.shape[1]};
}
template <typename View>
View rows_of(const View& view, Range rows) {
  return {view.data + rows.begin * view.stride, rows.end - rows.begin, view.cols, view.stride};
}
template <typename View>
View cols_of(const View& view, Range cols) {
  return {view.data + cols.begin, view.rows, cols.end - cols.begin, view.stride};
}
template <typename View>
View part_of(const View& view, Range rows, Range cols) {
  return cols_of(rows_of(view, rows), cols);
}
inline kernels::ConstMatrix as_const(const kernels::Matrix& view) {
  return {view.data, view.rows, view.cols, view.stride};
}

}  // namespace holdfast
