// Softmax and its logarithm along the last axis, and their gradients in terms of the output.
#include "kernels/kernels.h"
#include "ops/families.h"
#include "ops/operands.h"

namespace holdfast {
namespace {

using kernels::ConstMatrix;
using kernels::Matrix;

TensorType infer_rows(const InferContext& context) {
  expect_dtype(context, 0, kFloat32Only);
  if (context.inputs[0].shape.empty()) context.fail("expected rank 1 or more; got a scalar");
  return context.inputs[0];
}

TensorType infer_rows_grad(const InferContext& context) {
  expect_dtype(context, 1, kFloat32Only);
  expect_shape(context, 1, "dy", context.inputs[0].shape);
  return infer_rows(context);
}

std::vector<NodeId> softmax_gradient(const GradientContext& context) {
  return {context.add(context.forward().op + "_grad", {context.node, context.output_grad})};
}

// Any rank as rows of the last axis.
Matrix rows_of_last_axis(const Buffer& buffer) {
  const std::int64_t cols = buffer.shape.back();
  return {buffer.as<float>(), cols == 0 ? 0 : buffer.size / cols, cols, cols};
}
ConstMatrix as_const(const Matrix& m) { return {m.data, m.rows, m.cols, m.stride}; }

class SoftmaxKernel : public OpKernel {
 public:
  explicit SoftmaxKernel(const KernelContext& context)
      : logarithm_(context.node.op == "log_softmax"),
        x_(as_const(rows_of_last_axis(context.inputs[0]))),
        y_(rows_of_last_axis(context.output)) {}

  void run(const RunContext&) override {
    const kernels::KernelTable& table = kernels::table();
    (logarithm_ ? table.log_softmax : table.softmax)(x_, y_);
  }

 private:
  bool logarithm_;
  ConstMatrix x_;
  Matrix y_;
};

// softmax: dx = y * (dy - sum(dy * y));   log_softmax: dx = dy - exp(y) * sum(dy)
class SoftmaxGradKernel : public OpKernel {
 public:
  explicit SoftmaxGradKernel(const KernelContext& context)
      : logarithm_(context.node.op == "log_softmax_grad"),
        y_(rows_of_last_axis(context.inputs[0])),
        dy_(rows_of_last_axis(context.inputs[1])),
        dx_(rows_of_last_axis(context.output)),
        scratch_(context.workspace(y_.cols * static_cast<std::int64_t>(sizeof(float)))) {}

  void run(const RunContext&) override {
    const kernels::KernelTable& table = kernels::table();
    auto* scratch = static_cast<float*>(scratch_.get());
    for (std::int64_t i = 0; i < y_.rows; ++i) {
      const float* y = y_.data + i * y_.stride;
      const float* dy = dy_.data + i * dy_.stride;
      float* dx = dx_.data + i * dx_.stride;
      if (logarithm_) {
        table.unary(kernels::Unary::kExp, y, scratch, y_.cols);
        const float total = table.sum(dy, y_.cols);
        for (std::int64_t c = 0; c < y_.cols; ++c) dx[c] = dy[c] - scratch[c] * total;
      } else {
        for (std::int64_t c = 0; c < y_.cols; ++c) scratch[c] = dy[c] * y[c];
        const float total = table.sum(scratch, y_.cols);
        for (std::int64_t c = 0; c < y_.cols; ++c) dx[c] = y[c] * (dy[c] - total);
      }
    }
  }

 private:
  bool logarithm_;
  Matrix y_;
  Matrix dy_;
  Matrix dx_;
  std::shared_ptr<void> scratch_;
};

}  // namespace

std::vector<OpDef> softmax_ops() {
  return {
      {"softmax", 1, 1, infer_rows, softmax_gradient, make_op_kernel<SoftmaxKernel>},
      {"log_softmax", 1, 1, infer_rows, softmax_gradient, make_op_kernel<SoftmaxKernel>},
      {"softmax_grad", 2, 2, infer_rows_grad, nullptr, make_op_kernel<SoftmaxGradKernel>},
      {"log_softmax_grad", 2, 2, infer_rows_grad, nullptr, make_op_kernel<SoftmaxGradKernel>},
  };
}

}  // namespace holdfast
