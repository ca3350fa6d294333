// Cross-entropies of logits, one loss per row (softmax) or per element (sigmoid), and their
// gradients.
#include <algorithm>
#include <utility>

#include "kernels/kernels.h"
#include "ops/families.h"
#include "ops/operands.h"

namespace holdfast {
namespace {

using kernels::ConstMatrix;
using kernels::Matrix;

void expect(const InferContext& context, std::size_t input, const char* what, DType dtype,
            std::size_t rank) {
  const TensorType& type = context.inputs[input];
  if (type.dtype != dtype || type.shape.size() != rank) {
    context.fail(std::string(what) + ": expected " + dtype_name(dtype) + " of rank " +
                 std::to_string(rank) + "; got " + dtype_name(type.dtype) + " " +
                 shape_text(type.shape));
  }
}

TensorType infer_sparse(const InferContext& context) {
  expect(context, 0, "logits", DType::kFloat32, 2);
  expect(context, 1, "labels", DType::kInt64, 1);
  const Shape rows = {context.inputs[0].shape[0]};
  if (!may_equal(rows, context.inputs[1].shape)) {
    context.fail("labels: expected one for each row of logits " +
                 shape_text(context.inputs[0].shape) + "; got " +
                 shape_text(context.inputs[1].shape));
  }
  return {DType::kFloat32, rows};
}

void expect_targets(const InferContext& context) {
  if (context.inputs[0].dtype != DType::kFloat32 || context.inputs[1].dtype != DType::kFloat32 ||
      !may_equal(context.inputs[0].shape, context.inputs[1].shape)) {
    context.fail("expected float32 logits and targets of one shape; got " +
                 std::string(dtype_name(context.inputs[0].dtype)) + " " +
                 shape_text(context.inputs[0].shape) + " and " +
                 dtype_name(context.inputs[1].dtype) + " " + shape_text(context.inputs[1].shape));
  }
}

TensorType infer_softmax(const InferContext& context) {
  expect(context, 0, "logits", DType::kFloat32, 2);
  expect_targets(context);
  return {DType::kFloat32, {context.inputs[0].shape[0]}};
}

TensorType infer_sigmoid(const InferContext& context) {
  expect_targets(context);
  return context.inputs[0];
}

// The inputs of a loss, then the gradient of its value.
template <TensorType (*infer_loss)(const InferContext&)>
TensorType infer_grad(const InferContext& context) {
  expect_dtype(context, 2, kFloat32Only);
  expect_shape(context, 2, "gradient of the loss", infer_loss(context).shape);
  return context.inputs[0];
}

// The gradient op of any of the three: the same inputs, then the loss's gradient.
std::vector<NodeId> loss_gradient(const GradientContext& context) {
  return {context.add(context.forward().op + "_grad",
                      {context.input(0), context.input(1), context.output_grad}),
          kNoNode};
}

ConstMatrix matrix(const Buffer& buffer) {
  return {buffer.as<float>(), buffer.shape[0], buffer.shape[1], buffer.shape[1]};
}
Matrix mutable_matrix(const Buffer& buffer) {
  return {buffer.as<float>(), buffer.shape[0], buffer.shape[1], buffer.shape[1]};
}

// The kernels index by label, so both passes look first: a program that wants the gradient alone
// does not run the loss.
void check_labels(const std::string& name, const ConstMatrix& logits, const std::int64_t* labels) {
  bool all = true;
  for (std::int64_t row = 0; row < logits.rows; ++row)
    all &= static_cast<std::uint64_t>(labels[row]) < static_cast<std::uint64_t>(logits.cols);
  if (all) return;
  for (std::int64_t row = 0; row < logits.rows; ++row) {
    if (labels[row] >= 0 && labels[row] < logits.cols) continue;
    throw Error(Code::kInvalidArgument,
                "labels of \"" + name + "\": expected class ids in 0.." +
                    std::to_string(logits.cols - 1) + "; got " + std::to_string(labels[row]) +
                    " in row " + std::to_string(row) +
                    " of the batch; correct the label or the number of classes",
                {{"row", std::to_string(row)}, {"found", std::to_string(labels[row])}});
  }
}

// Of the loss, of its gradient, or of both.
class SparseSoftmaxKernel : public OpKernel {
 public:
  SparseSoftmaxKernel(std::string name, const kernels::SparseSoftmaxCrossEntropyArgs& args)
      : name_(std::move(name)), args_(args) {}

  void run(const RunContext&) override {
    check_labels(name_, args_.logits, args_.labels);
    kernels::table().sparse_softmax_cross_entropy(args_);
  }

 private:
  std::string name_;
  kernels::SparseSoftmaxCrossEntropyArgs args_;
};

kernels::SparseSoftmaxCrossEntropyArgs sparse_inputs(const KernelContext& context) {
  return {matrix(context.inputs[0]), context.inputs[1].as<std::int64_t>()};
}

std::unique_ptr<OpKernel> make_sparse(const KernelContext& context) {
  kernels::SparseSoftmaxCrossEntropyArgs args = sparse_inputs(context);
  args.loss = context.output.as<float>();
  return std::make_unique<SparseSoftmaxKernel>(context.node.name, args);
}

std::unique_ptr<OpKernel> make_sparse_grad(const KernelContext& context) {
  kernels::SparseSoftmaxCrossEntropyArgs args = sparse_inputs(context);
  args.dloss = context.inputs[2].as<float>();
  args.dlogits = mutable_matrix(context.output);
  return std::make_unique<SparseSoftmaxKernel>(context.node.name, args);
}

// The gradients by the logits, [rows, classes], as if that of every loss were 1, stand behind the
// losses.
Matrix gradients_behind(const Buffer& losses, const Buffer& logits) {
  return {losses.as<float>() + losses.size, logits.shape[0], logits.shape[1], logits.shape[1]};
}

std::int64_t bytes_of_gradients(const std::vector<TensorType>& inputs) {
  return element_count(inputs[0].shape) * static_cast<std::int64_t>(sizeof(float));
}

std::unique_ptr<OpKernel> make_sparse_with_gradients(const KernelContext& context) {
  kernels::SparseSoftmaxCrossEntropyArgs args = sparse_inputs(context);
  args.loss = context.output.as<float>();
  args.dlogits = gradients_behind(context.output, context.inputs[0]);
  return std::make_unique<SparseSoftmaxKernel>(context.node.name, args);
}

TensorType infer_scaled_gradients(const InferContext& context) { return context.inputs[1]; }

class ScaledGradientsKernel : public OpKernel {
 public:
  explicit ScaledGradientsKernel(const KernelContext& context)
      : gradients_(gradients_behind(context.inputs[0], context.inputs[1])),
        dloss_(context.inputs[2].as<float>()),
        dlogits_(context.output.as<float>()) {}

  void run(const RunContext&) override {
    // Rows of one scale are scaled as one: mostly that is all of them.
    for (std::int64_t row = 0; row < gradients_.rows;) {
      const std::int64_t begin = row;
      const float scale = dloss_[begin];
      while (row < gradients_.rows && dloss_[row] == scale) ++row;
      row = std::max(row, begin + 1);  // a NaN is not itself
      for (std::int64_t i = begin * gradients_.cols; i < row * gradients_.cols; ++i)
        dlogits_[i] = scale * gradients_.data[i];
    }
  }

 private:
  Matrix gradients_;
  const float* dloss_;
  float* dlogits_;
};

class SoftmaxKernel : public OpKernel {
 public:
  explicit SoftmaxKernel(const KernelContext& context)
      : args_{matrix(context.inputs[0]), matrix(context.inputs[1]), context.output.as<float>()} {}
  void run(const RunContext&) override { kernels::table().softmax_cross_entropy(args_); }

 private:
  kernels::SoftmaxCrossEntropyArgs args_;
};

class SoftmaxGradKernel : public OpKernel {
 public:
  explicit SoftmaxGradKernel(const KernelContext& context)
      : args_{matrix(context.inputs[0]), matrix(context.inputs[1]), context.inputs[2].as<float>(),
              mutable_matrix(context.output)} {}
  void run(const RunContext&) override { kernels::table().softmax_cross_entropy_grad(args_); }

 private:
  kernels::SoftmaxCrossEntropyGradArgs args_;
};

class SigmoidKernel : public OpKernel {
 public:
  explicit SigmoidKernel(const KernelContext& context)
      : logits_(context.inputs[0].as<float>()),
        targets_(context.inputs[1].as<float>()),
        loss_(context.output) {}
  void run(const RunContext&) override {
    kernels::table().sigmoid_cross_entropy(logits_, targets_, loss_.as<float>(), loss_.size);
  }

 private:
  const float* logits_;
  const float* targets_;
  Buffer loss_;
};

class SigmoidGradKernel : public OpKernel {
 public:
  explicit SigmoidGradKernel(const KernelContext& context)
      : logits_(context.inputs[0].as<float>()),
        targets_(context.inputs[1].as<float>()),
        dloss_(context.inputs[2].as<float>()),
        dlogits_(context.output) {}
  void run(const RunContext&) override {
    kernels::table().sigmoid_cross_entropy_grad(logits_, targets_, dloss_, dlogits_.as<float>(),
                                                dlogits_.size);
  }

 private:
  const float* logits_;
  const float* targets_;
  const float* dloss_;
  Buffer dlogits_;
};

}  // namespace

std::vector<OpDef> loss_ops() {
  return {
      {"sparse_softmax_cross_entropy", 2, 2, infer_sparse, loss_gradient, make_sparse},
      {"sparse_softmax_cross_entropy_grad", 3, 3, infer_grad<infer_sparse>, nullptr,
       make_sparse_grad},
      of_programs(with_bytes_behind({"sparse_softmax_cross_entropy_with_gradients", 2, 2,
                                     infer_sparse, nullptr, make_sparse_with_gradients},
                                    bytes_of_gradients)),
      of_programs({"scaled_gradients", 3, 3, infer_scaled_gradients, nullptr,
                   make_op_kernel<ScaledGradientsKernel>}),
      {"softmax_cross_entropy", 2, 2, infer_softmax, loss_gradient, make_op_kernel<SoftmaxKernel>},
      {"softmax_cross_entropy_grad", 3, 3, infer_grad<infer_softmax>, nullptr,
       make_op_kernel<SoftmaxGradKernel>},
      {"sigmoid_cross_entropy", 2, 2, infer_sigmoid, loss_gradient, make_op_kernel<SigmoidKernel>},
      {"sigmoid_cross_entropy_grad", 3, 3, infer_grad<infer_sigmoid>, nullptr,
       make_op_kernel<SigmoidGradKernel>},
  };
}

}  // namespace holdfast
