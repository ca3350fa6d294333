#include "ops/families.h"

namespace holdfast {

void register_all_ops() {
  register_ops(source_ops());
  register_ops(cast_ops());
  register_ops(check_ops());
  register_ops(decode_csv_ops());
  register_ops(dropout_ops());
  register_ops(embedding_ops());
  register_ops(embedding_update_ops());
  register_ops(fill_ops());
  register_ops(gather_ops());
  register_ops(histogram_ops());
  register_ops(lookup_ops());
  register_ops(metric_ops());
  register_ops(parse_example_ops());
  register_ops(softmax_ops());
  register_ops(dense_ops());
  register_ops(matmul_ops());
  register_ops(activation_ops());
  register_ops(loss_ops());
  register_ops(state_ops());
  register_ops(arithmetic_ops());
  register_ops(unary_ops());
  register_ops(compare_ops());
  register_ops(view_ops());
  register_ops(shape_ops());
  register_ops(slice_ops());
  register_ops(reduction_ops());
  register_ops(zero_fraction_ops());
  register_ops(argmax_ops());
}

}  // namespace holdfast
