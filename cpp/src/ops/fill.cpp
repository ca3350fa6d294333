// Tensors made from the shape of another: its sizes as numbers, or one value everywhere.
#include <algorithm>
#include <string>

#include "ops/dtype_dispatch.h"
#include "ops/families.h"
#include "ops/operands.h"

namespace holdfast {
namespace {

TensorType infer_shape_of(const InferContext& context) {
  return {DType::kInt64, {static_cast<std::int64_t>(context.inputs[0].shape.size())}};
}

TensorType infer_size_of(const InferContext& context) {
  if (context.attributes.has("axis")) {
    axis_of(context, context.attributes.get<std::int64_t>("axis"), context.inputs[0].shape.size());
  }
  return {DType::kInt64, {}};
}

TensorType infer_same(const InferContext& context) {
  expect_dtype(context, 0, kNumbers);
  return context.inputs[0];
}

TensorType infer_fill_like(const InferContext& context) {
  expect_scalar(context, 1, "value");
  return {context.inputs[1].dtype, context.inputs[0].shape};
}

std::vector<NodeId> fill_gradient(const GradientContext& context) {
  return {kNoNode, context.add("reduce_sum", {context.output_grad})};
}

// Sizes are known when the program is planned, so the value is written once, there.
class SizesKernel : public OpKernel {
 public:
  explicit SizesKernel(const KernelContext& context) : out_(context.output) {
    const Shape& shape = context.inputs[0].shape;
    if (context.node.op == "shape_of") {
      values_ = shape;
    } else if (context.attributes().has("axis")) {
      values_ = {shape[known_axis(context.attributes().get<std::int64_t>("axis"), shape.size())]};
    } else {
      values_ = {context.inputs[0].size};
    }
  }
  void run(const RunContext&) override {
    std::copy(values_.begin(), values_.end(), out_.as<std::int64_t>());
  }

 private:
  std::vector<std::int64_t> values_;
  Buffer out_;
};

template <typename T>
class NumberKernel : public OpKernel {
 public:
  NumberKernel(const KernelContext& context, T value) : out_(context.output), value_(value) {}
  void run(const RunContext&) override { std::fill_n(out_.as<T>(), out_.size, value_); }

 private:
  Buffer out_;
  T value_;
};

std::unique_ptr<OpKernel> make_number(const KernelContext& context) {
  return dispatch_number(context, context.output.dtype, [&](auto tag) -> std::unique_ptr<OpKernel> {
    using T = typename decltype(tag)::type;
    return std::make_unique<NumberKernel<T>>(context, T(context.node.op == "ones_like" ? 1 : 0));
  });
}

template <typename T>
class FillKernel : public OpKernel {
 public:
  explicit FillKernel(const KernelContext& context)
      : value_(context.inputs[1].as<T>()), out_(context.output) {}
  void run(const RunContext&) override { std::fill_n(out_.as<T>(), out_.size, *value_); }

 private:
  const T* value_;
  Buffer out_;
};

std::unique_ptr<OpKernel> make_fill(const KernelContext& context) {
  return dispatch_any(context, context.output.dtype, [&](auto tag) -> std::unique_ptr<OpKernel> {
    return std::make_unique<FillKernel<typename decltype(tag)::type>>(context);
  });
}

}  // namespace

std::vector<OpDef> fill_ops() {
  return {
      {"shape_of", 1, 1, infer_shape_of, nullptr, make_op_kernel<SizesKernel>},
      with_attributes("axis",
                      {"size_of", 1, 1, infer_size_of, nullptr, make_op_kernel<SizesKernel>}),
      {"zeros_like", 1, 1, infer_same, nullptr, make_number},
      {"ones_like", 1, 1, infer_same, nullptr, make_number},
      {"fill_like", 2, 2, infer_fill_like, fill_gradient, make_fill},
  };
}

}  // namespace holdfast
