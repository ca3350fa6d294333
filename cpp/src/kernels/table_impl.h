// The table of kernels over a vector type.
#pragma once

#include "kernels/activation_impl.h"
#include "kernels/dense_impl.h"
#include "kernels/dropout_impl.h"
#include "kernels/kernels.h"
#include "kernels/reduce_impl.h"
#include "kernels/rows_impl.h"
#include "kernels/softmax_impl.h"
#include "kernels/update_impl.h"

namespace holdfast::kernels {
namespace {

template <class V>
constexpr KernelTable make_table() {
  KernelTable table{};
  table.isa = V::kName;
  table.vector_width = V::kWidth;
  table.dense_workspace_floats = &dense_workspace_floats;
  table.dense_forward = &dense_forward<V>;
  table.dense_grad_input = &dense_grad_input<V>;
  table.dense_grad_kernel = &dense_grad_kernel<V>;
  table.column_sums = &column_sums<V>;
  table.activation_forward = &activation_forward<V>;
  table.activation_backward = &activation_backward<V>;
  table.unary = &unary<V>;
  table.sum = &sum<V>;
  table.softmax = &softmax<V>;
  table.log_softmax = &log_softmax<V>;
  table.sparse_softmax_cross_entropy = &sparse_softmax_cross_entropy<V>;
  table.softmax_cross_entropy = &softmax_cross_entropy<V>;
  table.softmax_cross_entropy_grad = &softmax_cross_entropy_grad<V>;
  table.sigmoid_cross_entropy = &sigmoid_cross_entropy<V>;
  table.sigmoid_cross_entropy_grad = &sigmoid_cross_entropy_grad<V>;
  table.dropout = &dropout<V>;
  table.adagrad_update = &adagrad_update<V>;
  table.gradient_descent_update = &gradient_descent_update<V>;
  table.pool_rows = &pool_rows<V>;
  table.update_rows = &update_rows<V>;
  return table;
}

}  // namespace
}  // namespace holdfast::kernels
