// The gradient of an embedding lookup, and the updates of the rows that it touches. The dense
// gradient is what everything else asks for; the updates are made by the program's fusion where an
// optimizer alone uses the gradient (runtime/embedding_fusion.cpp).
#include <algorithm>
#include <utility>

#include "kernels/kernels.h"
#include "ops/embedding_rows.h"
#include "ops/families.h"
#include "ops/operands.h"
#include "ops/row_groups.h"

namespace holdfast {
namespace {

using kernels::Update;

// dy holds the gradient in columns column .. column + dimension - 1; column absent: it is all of
// dy.
void expect_gradient(const InferContext& context, std::size_t dy, const Shape& value) {
  const Shape& shape = context.inputs[dy].shape;
  expect_dtype(context, dy, kFloat32Only);
  if (!context.attributes.has("column")) return expect_shape(context, dy, "dy", value);
  const std::int64_t column = context.attributes.get<std::int64_t>("column");
  const bool fits = shape.size() == 2 && may_equal({shape[0]}, {value[0]}) && column >= 0 &&
                    (shape[1] < 0 || value[1] < 0 || column <= shape[1] - value[1]);
  if (!fits) {
    context.fail("dy: expected shape " + shape_text(value) + " from column " +
                 std::to_string(column) + "; got " + shape_text(shape));
  }
}

// dy, ids, table
TensorType infer_grad(const InferContext& context) {
  LookupOptions::read(context.attributes);
  expect_gradient(context, 0, infer_lookup_of(context, 2, 1).shape);
  return context.inputs[2];
}

// table, accumulator where there is one, dy (input `dy`), ids, learning rate
TensorType infer_update(const InferContext& context, std::size_t dy) {
  LookupOptions::read(context.attributes);
  expect_gradient(context, dy, infer_lookup_of(context, 0, dy + 1).shape);
  if (dy == 2) expect_shape(context, 1, "accumulator", context.inputs[0].shape);
  expect_scalar(context, dy + 2, "learning_rate");
  return context.inputs[0];
}
TensorType infer_descent(const InferContext& context) { return infer_update(context, 1); }
TensorType infer_adagrad(const InferContext& context) { return infer_update(context, 2); }

// Rows of the table are split between threads by their hash: a row, and so every sum and every
// update, belongs to one thread, which meets its cells in the order of the batch.
class RowUpdateKernel : public OpKernel {
 public:
  struct Operands {
    Buffer dy;
    Buffer ids;
    Buffer table;
    Buffer out;  // the gradient, or the table
    Update update = Update::kNone;
    float* accumulator = nullptr;
    const float* learning_rate = nullptr;
  };

  RowUpdateKernel(const KernelContext& context, const Operands& operands)
      : ids_(LookupOptions::read(context.attributes()), operands.table, operands.ids),
        operands_(operands),
        cells_(ids_.batch() * ids_.cells()),
        cols_(operands.table.shape[1]),
        parts_(row_parts(cells_ * cols_, context.threads)),
        scratch_(context.shared_scratch()) {
    const std::int64_t column = context.attributes().value_or("column", std::int64_t{0});
    dy_ = {operands.dy.as<float>() + column, ids_.batch(), cols_, operands.dy.shape[1]};
    rows_bytes_ = aligned(cells_ * static_cast<std::int64_t>(sizeof(std::int64_t)));
    scales_bytes_ = ids_.unscaled() ? 0 : aligned(cells_ * kFloat);
    groups_bytes_ = aligned(RowGroups::bytes(cells_));
    part_bytes_ = groups_bytes_ + (has_max_norm() ? aligned(cols_ * kFloat) : 0);
    scratch_->reserve(rows_bytes_ + scales_bytes_ + parts_ * part_bytes_);
  }

  void run(const RunContext& context) override {
    // A program that wants the gradient alone does not run the forward pass: the ids are checked
    // here, too, before anything changes.
    auto* rows = reinterpret_cast<std::int64_t*>(scratch_->data());
    ids_.read(0, ids_.batch(), rows);
    float* scales = nullptr;
    if (!ids_.unscaled()) {
      scales = reinterpret_cast<float*>(scratch_->data() + rows_bytes_);
      ids_.scales(rows, ids_.batch(), scales);
    }
    if (operands_.update == Update::kNone) {
      std::fill_n(operands_.out.as<float>(), operands_.out.size, 0.0f);
    }
    context.pool.parallel(parts_, [&](int part) {
      char* memory = scratch_->data() + rows_bytes_ + scales_bytes_ + part * part_bytes_;
      RowGroups groups(memory, cells_);
      groups.build(rows, cells_, part, parts_);
      const kernels::UpdateRowsArgs args = update_of(groups, scales);
      if (has_max_norm()) {
        update_through_norm(args, reinterpret_cast<float*>(memory + groups_bytes_));
      } else {
        kernels::table().update_rows(args);
      }
    });
  }

 private:
  static constexpr std::int64_t kFloat = sizeof(float);
  static std::int64_t aligned(std::int64_t bytes) { return (bytes + 63) / 64 * 64; }
  bool has_max_norm() const { return ids_.options().max_norm > 0; }

  kernels::UpdateRowsArgs update_of(const RowGroups& groups, const float* scales) const {
    kernels::UpdateRowsArgs args{};
    args.dy = dy_;
    args.cells = std::max<std::int64_t>(ids_.cells(), 1);
    args.scales = scales;
    args.first = groups.first();
    args.next = groups.next();
    args.rows = groups.rows();
    args.groups = groups.size();
    args.update = operands_.update;
    args.learning_rate = operands_.learning_rate == nullptr ? 0.0f : *operands_.learning_rate;
    args.out = operands_.out.as<float>();
    args.accumulator = operands_.accumulator;
    return args;
  }

  // Row by row: the gradient of the scaled row, summed in g, then that of the row itself.
  void update_through_norm(const kernels::UpdateRowsArgs& args, float* g) const {
    const kernels::KernelTable& table = kernels::table();
    const std::int64_t first_row = 0;
    for (std::int64_t group = 0; group < args.groups; ++group) {
      kernels::UpdateRowsArgs sum = args;
      sum.first = args.first + group;
      sum.rows = &first_row;
      sum.groups = 1;
      sum.update = Update::kNone;
      sum.out = g;
      sum.accumulator = nullptr;
      table.update_rows(sum);
      const std::int64_t at = args.rows[group] * cols_;
      norm_scale_gradient(operands_.table.as<float>() + at, cols_, ids_.options().max_norm, g);
      if (args.update == Update::kAdagrad) {
        table.adagrad_update({args.out + at, args.accumulator + at, g, cols_, args.learning_rate});
      } else if (args.update == Update::kGradientDescent) {
        table.gradient_descent_update(args.out + at, g, cols_, args.learning_rate);
      } else {
        std::copy_n(g, cols_, args.out + at);
      }
    }
  }

  RowIds ids_;
  Operands operands_;
  std::int64_t cells_;
  std::int64_t cols_;
  int parts_;
  std::shared_ptr<Scratch> scratch_;
  kernels::ConstMatrix dy_{};
  std::int64_t rows_bytes_ = 0;
  std::int64_t scales_bytes_ = 0;
  std::int64_t groups_bytes_ = 0;
  std::int64_t part_bytes_ = 0;
};

std::unique_ptr<OpKernel> make_grad(const KernelContext& context) {
  return std::make_unique<RowUpdateKernel>(
      context, RowUpdateKernel::Operands{context.inputs[0], context.inputs[1], context.inputs[2],
                                         context.output});
}

std::unique_ptr<OpKernel> make_descent(const KernelContext& context) {
  return std::make_unique<RowUpdateKernel>(
      context, RowUpdateKernel::Operands{context.inputs[1], context.inputs[2], context.inputs[0],
                                         context.inputs[0], Update::kGradientDescent, nullptr,
                                         context.inputs[3].as<float>()});
}

std::unique_ptr<OpKernel> make_adagrad(const KernelContext& context) {
  return std::make_unique<RowUpdateKernel>(
      context, RowUpdateKernel::Operands{
                   context.inputs[2], context.inputs[3], context.inputs[0], context.inputs[0],
                   Update::kAdagrad, context.inputs[1].as<float>(), context.inputs[4].as<float>()});
}

// Those of the lookup, and where in dy its columns begin.
constexpr char kUpdateAttributes[] = "combiner, max_norm, what, hint, column";

OpDef updating(const char* name, int inputs, TensorType (*infer)(const InferContext&),
               std::unique_ptr<OpKernel> (*make)(const KernelContext&)) {
  OpDef def{name, inputs, inputs, infer, nullptr, make};
  def.writes_variable = true;
  def.attributes = kUpdateAttributes;
  return def;
}

}  // namespace

std::vector<OpDef> embedding_update_ops() {
  return {
      with_attributes(kUpdateAttributes, {"embedding_grad", 3, 3, infer_grad, nullptr, make_grad}),
      updating("embedding_grad_gradient_descent", 4, infer_descent, make_descent),
      updating("embedding_grad_adagrad", 5, infer_adagrad, make_adagrad),
  };
}

}  // namespace holdfast
