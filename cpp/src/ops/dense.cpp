// The dense layer: x · kernel + bias under an activation, and its three gradients. The forms with
// an activation or an update inside are made by the program's fusion (runtime/fusion.cpp).
#include <algorithm>

#include "ops/activation_names.h"
#include "ops/families.h"
#include "ops/operands.h"
#include "ops/product_split.h"

namespace holdfast {
namespace {

using kernels::Activation;
using kernels::Matrix;
using kernels::Update;

void expect_float32(const InferContext& context) {
  for (std::size_t i = 0; i < context.inputs.size(); ++i) {
    if (context.inputs[i].dtype != DType::kFloat32) {
      context.fail("input " + std::to_string(i) + ": expected float32; got " +
                   dtype_name(context.inputs[i].dtype) + "; cast it first");
    }
  }
}

void expect_rank(const InferContext& context, std::size_t input, const char* what,
                 std::size_t rank) {
  if (context.inputs[input].shape.size() != rank) {
    context.fail(std::string(what) + ": expected rank " + std::to_string(rank) + "; got shape " +
                 shape_text(context.inputs[input].shape));
  }
}

void expect_size(const InferContext& context, const char* what, std::int64_t expected,
                 std::int64_t got) {
  if (expected >= 0 && got >= 0 && expected != got) {
    context.fail(std::string(what) + ": expected " + std::to_string(expected) + "; got " +
                 std::to_string(got));
  }
}

TensorType infer_dense(const InferContext& context) {
  expect_float32(context);
  expect_rank(context, 0, "x", 2);
  expect_rank(context, 1, "kernel", 2);
  const Shape& x = context.inputs[0].shape;
  const Shape& kernel = context.inputs[1].shape;
  expect_size(context, "columns of x (rows of the kernel)", kernel[0], x[1]);
  if (context.inputs.size() == 3) {
    expect_rank(context, 2, "bias", 1);
    expect_size(context, "size of the bias (columns of the kernel)", kernel[1],
                context.inputs[2].shape[0]);
  }
  activation_from_name(context.attributes.value_or<std::string>("activation", "linear"));
  return {DType::kFloat32, {x[0], kernel[1]}};
}

TensorType infer_grad_input(const InferContext& context) {
  expect_float32(context);
  expect_rank(context, 0, "dy", 2);
  expect_rank(context, 1, "kernel", 2);
  const Shape& kernel = context.inputs[1].shape;
  expect_size(context, "columns of dy (columns of the kernel)", kernel[1],
              context.inputs[0].shape[1]);
  const Shape dx = {context.inputs[0].shape[0], kernel[0]};
  if (context.inputs.size() == 3) expect_shape(context, 2, "y_below", dx);
  return {DType::kFloat32, dx};
}

TensorType infer_products(const InferContext& context, std::size_t x, std::size_t dy) {
  expect_float32(context);
  expect_rank(context, x, "x", 2);
  expect_rank(context, dy, "dy", 2);
  expect_size(context, "rows of dy (rows of x)", context.inputs[x].shape[0],
              context.inputs[dy].shape[0]);
  return {DType::kFloat32, {context.inputs[x].shape[1], context.inputs[dy].shape[1]}};
}

TensorType infer_grad_kernel(const InferContext& context) { return infer_products(context, 0, 1); }

// variable, accumulator where there is one, x (input `x`), dy, learning rate
TensorType infer_fused(const InferContext& context, std::size_t x) {
  const Shape product = infer_products(context, x, x + 1).shape;
  expect_shape(context, 0, "variable", product);
  if (x == 2) expect_shape(context, 1, "accumulator", product);
  expect_scalar(context, x + 2, "learning_rate");
  return context.inputs[0];
}
TensorType infer_fused_descent(const InferContext& context) { return infer_fused(context, 1); }
TensorType infer_fused_adagrad(const InferContext& context) { return infer_fused(context, 2); }

TensorType infer_column_sums(const InferContext& context) {
  expect_float32(context);
  expect_rank(context, 0, "dy", 2);
  return {DType::kFloat32, {context.inputs[0].shape[1]}};
}

std::vector<NodeId> dense_gradient(const GradientContext& context) {
  NodeId dy = context.output_grad;
  const Attributes& attributes = context.forward().attributes;
  if (attributes.count("activation") > 0 &&
      std::get<std::string>(attributes.at("activation")) != "linear") {
    dy = context.add("activation_grad", {context.node, dy}, Attributes(attributes));
  }
  std::vector<NodeId> grads = {
      context.add("dense_grad_input", {dy, context.input(1)}),
      context.add("dense_grad_kernel", {context.input(0), dy}),
  };
  if (context.forward().inputs.size() == 3) grads.push_back(context.add("column_sums", {dy}));
  return grads;
}

Activation activation_of(const KernelContext& context) {
  return activation_from_name(context.attributes().value_or<std::string>("activation", "linear"));
}

float alpha_of(const KernelContext& context) {
  return static_cast<float>(context.attributes().number_or("alpha", 0.2));  // TF's leaky_relu
}

class DenseKernel : public OpKernel {
 public:
  explicit DenseKernel(const KernelContext& context)
      : x_(matrix_view(context.inputs[0])),
        w_(matrix_view(context.inputs[1])),
        bias_(context.inputs.size() == 3 ? context.inputs[2].as<float>() : nullptr),
        activation_(activation_of(context)),
        alpha_(alpha_of(context)),
        y_(matrix_view(context.output)),
        split_(context, x_.rows, x_.cols, w_.cols) {}

  void run(const RunContext& context) override {
    const kernels::KernelTable& table = kernels::table();
    split_.run(context.pool, [&](const ProductPart& part) {
      table.dense_forward({as_const(rows_of(x_, part.rows)), as_const(cols_of(w_, part.cols)),
                           bias_ == nullptr ? nullptr : bias_ + part.cols.begin, activation_,
                           alpha_, part_of(y_, part.rows, part.cols), part.workspace});
    });
  }

 private:
  Matrix x_;
  Matrix w_;
  const float* bias_;
  Activation activation_;
  float alpha_;
  Matrix y_;
  ProductSplit split_;
};

class DenseGradInputKernel : public OpKernel {
 public:
  explicit DenseGradInputKernel(const KernelContext& context)
      : dy_(matrix_view(context.inputs[0])),
        w_(matrix_view(context.inputs[1])),
        activation_(activation_of(context)),
        alpha_(alpha_of(context)),
        dx_(matrix_view(context.output)),
        y_below_(context.inputs.size() == 3 ? matrix_view(context.inputs[2])
                                            : Matrix{nullptr, dx_.rows, dx_.cols, dx_.stride}),
        split_(context, dx_.rows, dy_.cols, dx_.cols) {}

  void run(const RunContext& context) override {
    const kernels::KernelTable& table = kernels::table();
    split_.run(context.pool, [&](const ProductPart& part) {
      Matrix below = y_below_;
      if (below.data != nullptr) below = part_of(below, part.rows, part.cols);
      table.dense_grad_input({as_const(rows_of(dy_, part.rows)), as_const(rows_of(w_, part.cols)),
                              activation_, alpha_, as_const(below),
                              part_of(dx_, part.rows, part.cols), part.workspace});
    });
  }

 private:
  Matrix dy_;
  Matrix w_;
  Activation activation_;
  float alpha_;
  Matrix dx_;
  Matrix y_below_;
  ProductSplit split_;
};

// g = xᵀ · dy, stored or used up at once to update a variable.
class DenseGradKernelKernel : public OpKernel {
 public:
  struct Operands {
    Buffer x;
    Buffer dy;
    Buffer out;  // the gradient, or the variable
    Update update = Update::kNone;
    float* accumulator = nullptr;
    const float* learning_rate = nullptr;
  };

  DenseGradKernelKernel(const KernelContext& context, const Operands& operands)
      : operands_(operands),
        x_(matrix_view(operands.x)),
        dy_(matrix_view(operands.dy)),
        out_(matrix_view(operands.out)),
        split_(context, x_.cols, x_.rows, dy_.cols) {}

  void run(const RunContext& context) override {
    const kernels::KernelTable& table = kernels::table();
    const float rate = operands_.learning_rate == nullptr ? 0.0f : *operands_.learning_rate;
    split_.run(context.pool, [&](const ProductPart& part) {
      float* accumulator = operands_.accumulator;
      if (accumulator != nullptr) {
        accumulator += part.rows.begin * out_.stride + part.cols.begin;
      }
      table.dense_grad_kernel({as_const(cols_of(x_, part.rows)), as_const(cols_of(dy_, part.cols)),
                               operands_.update, rate, part_of(out_, part.rows, part.cols),
                               accumulator, part.workspace});
    });
  }

 private:
  Operands operands_;
  Matrix x_;
  Matrix dy_;
  Matrix out_;
  ProductSplit split_;
};

std::unique_ptr<OpKernel> make_grad_kernel(const KernelContext& context) {
  return std::make_unique<DenseGradKernelKernel>(
      context,
      DenseGradKernelKernel::Operands{context.inputs[0], context.inputs[1], context.output});
}

std::unique_ptr<OpKernel> make_fused_descent(const KernelContext& context) {
  return std::make_unique<DenseGradKernelKernel>(
      context, DenseGradKernelKernel::Operands{context.inputs[1], context.inputs[2],
                                               context.inputs[0], Update::kGradientDescent, nullptr,
                                               context.inputs[3].as<float>()});
}

std::unique_ptr<OpKernel> make_fused_adagrad(const KernelContext& context) {
  return std::make_unique<DenseGradKernelKernel>(
      context, DenseGradKernelKernel::Operands{
                   context.inputs[2], context.inputs[3], context.inputs[0], Update::kAdagrad,
                   context.inputs[1].as<float>(), context.inputs[4].as<float>()});
}

class ColumnSumsKernel : public OpKernel {
 public:
  explicit ColumnSumsKernel(const KernelContext& context)
      : dy_(as_const(matrix_view(context.inputs[0]))),
        sums_(context.output.as<float>()),
        parts_(static_cast<int>(std::clamp<std::int64_t>(
            std::min(dy_.rows * dy_.cols / kElementsOfPart, dy_.cols / kGrain), 1,
            context.threads))) {}
  void run(const RunContext& context) override {
    context.pool.parallel(parts_, [&](int part) {
      const Range cols = split_range(dy_.cols, parts_, part, kGrain);
      kernels::table().column_sums(cols_of(dy_, cols), sums_ + cols.begin);
    });
  }

 private:
  static constexpr std::int64_t kElementsOfPart = 1 << 16;  // about 5 us: what waking must earn
  static constexpr std::int64_t kGrain = 16;                // floats in a cache line
  kernels::ConstMatrix dy_;
  float* sums_;
  int parts_;
};

OpDef fused(const char* name, int inputs, TensorType (*infer)(const InferContext&),
            std::unique_ptr<OpKernel> (*make)(const KernelContext&)) {
  OpDef def{name, inputs, inputs, infer, nullptr, make};
  def.writes_variable = true;
  return def;
}

}  // namespace

std::vector<OpDef> dense_ops() {
  return {
      with_attributes("activation, alpha",
                      {"dense", 2, 3, infer_dense, dense_gradient, make_op_kernel<DenseKernel>}),
      {"dense_grad_input", 2, 3, infer_grad_input, nullptr, make_op_kernel<DenseGradInputKernel>},
      {"dense_grad_kernel", 2, 2, infer_grad_kernel, nullptr, make_grad_kernel},
      {"column_sums", 1, 1, infer_column_sums, nullptr, make_op_kernel<ColumnSumsKernel>},
      fused("dense_grad_kernel_gradient_descent", 4, infer_fused_descent, make_fused_descent),
      fused("dense_grad_kernel_adagrad", 5, infer_fused_adagrad, make_fused_adagrad),
  };
}

}  // namespace holdfast
