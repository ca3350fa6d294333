// Rows by number (gather) and numbers as rows (one_hot).
#include <algorithm>
#include <string>

#include "ops/dtype_dispatch.h"
#include "ops/families.h"
#include "ops/operands.h"

namespace holdfast {
namespace {

TensorType infer_gather(const InferContext& context) {
  expect_dtype(context, 1, kIds);
  const Shape& params = context.inputs[0].shape;
  if (params.empty()) context.fail("params: expected rank 1 or more; got a scalar");
  TensorType result{context.inputs[0].dtype, context.inputs[1].shape};
  result.shape.insert(result.shape.end(), params.begin() + 1, params.end());
  return result;
}

std::vector<NodeId> gather_gradient(const GradientContext& context) {
  return {context.add("gather_grad", {context.output_grad, context.input(1), context.input(0)}),
          kNoNode};
}

TensorType infer_gather_grad(const InferContext& context) {
  expect_dtype(context, 0, kFloats);
  const std::vector<TensorType> forward = {context.inputs[2], context.inputs[1]};
  expect_shape(context, 0, "dy", infer_gather({context.name, forward, context.attributes}).shape);
  return {context.inputs[0].dtype, context.inputs[2].shape};
}

std::int64_t id_at(const Buffer& ids, std::int64_t i) {
  return ids.dtype == DType::kInt32 ? ids.as<std::int32_t>()[i] : ids.as<std::int64_t>()[i];
}

// The row that ids[i] names. Both passes check it: a program that wants the gradient alone does not
// run the forward one.
std::int64_t checked_row(const std::string& name, const Buffer& ids, std::int64_t i,
                         std::int64_t rows) {
  const std::int64_t id = id_at(ids, i);
  if (id < 0 || id >= rows) {
    throw Error(Code::kInvalidArgument,
                "node \"" + name + "\": expected row numbers in 0.." + std::to_string(rows - 1) +
                    "; got " + std::to_string(id) + " at place " + std::to_string(i),
                {{"element", std::to_string(i)}, {"found", std::to_string(id)}});
  }
  return id;
}

template <typename T>
class GatherKernel : public OpKernel {
 public:
  explicit GatherKernel(const KernelContext& context)
      : name_(context.node.name),
        params_(context.inputs[0]),
        ids_(context.inputs[1]),
        rows_(context.output),
        row_(sizes_product(params_.shape, 1, params_.shape.size())) {}

  void run(const RunContext&) override {
    for (std::int64_t i = 0; i < ids_.size; ++i) {
      const std::int64_t id = checked_row(name_, ids_, i, params_.shape[0]);
      std::copy_n(params_.as<T>() + id * row_, row_, rows_.as<T>() + i * row_);
    }
  }

 private:
  std::string name_;
  Buffer params_;
  Buffer ids_;
  Buffer rows_;
  std::int64_t row_;
};

std::unique_ptr<OpKernel> make_gather(const KernelContext& context) {
  return dispatch_any(context, context.output.dtype, [&](auto tag) -> std::unique_ptr<OpKernel> {
    return std::make_unique<GatherKernel<typename decltype(tag)::type>>(context);
  });
}

// Adds the gradients of equal ids in the order of the ids.
template <typename T>
class GatherGradKernel : public OpKernel {
 public:
  explicit GatherGradKernel(const KernelContext& context)
      : name_(context.node.name),
        dy_(context.inputs[0]),
        ids_(context.inputs[1]),
        dparams_(context.output),
        row_(sizes_product(dparams_.shape, 1, dparams_.shape.size())) {}

  void run(const RunContext&) override {
    std::fill_n(dparams_.as<T>(), dparams_.size, T{0});
    for (std::int64_t i = 0; i < ids_.size; ++i) {
      const T* from = dy_.as<T>() + i * row_;
      T* to = dparams_.as<T>() + checked_row(name_, ids_, i, dparams_.shape[0]) * row_;
      for (std::int64_t k = 0; k < row_; ++k) to[k] += from[k];
    }
  }

 private:
  std::string name_;
  Buffer dy_;
  Buffer ids_;
  Buffer dparams_;
  std::int64_t row_;
};

std::unique_ptr<OpKernel> make_gather_grad(const KernelContext& context) {
  return dispatch_float(context, context.output.dtype, [&](auto tag) -> std::unique_ptr<OpKernel> {
    return std::make_unique<GatherGradKernel<typename decltype(tag)::type>>(context);
  });
}

DType one_hot_dtype(const AttributeReader& attributes) {
  return dtype_from_name(attributes.value_or<std::string>("dtype", "float32"));
}

TensorType infer_one_hot(const InferContext& context) {
  expect_dtype(context, 0, kIds);
  TensorType result{one_hot_dtype(context.attributes), context.inputs[0].shape};
  if (!is_number(result.dtype)) {
    context.fail(std::string("dtype: expected ") + kNumbers.words + "; got " +
                 dtype_name(result.dtype));
  }
  const std::int64_t depth = context.attributes.get<std::int64_t>("depth");
  if (depth < 0) context.fail("depth: expected at least 0; got " + std::to_string(depth));
  const std::size_t axis = axis_of(context, context.attributes.value_or("axis", std::int64_t{-1}),
                                   result.shape.size() + 1);
  result.shape.insert(result.shape.begin() + static_cast<std::ptrdiff_t>(axis), depth);
  return result;
}

template <typename T>
class OneHotKernel : public OpKernel {
 public:
  explicit OneHotKernel(const KernelContext& context)
      : ids_(context.inputs[0]),
        out_(context.output),
        on_(static_cast<T>(context.attributes().number_or("on_value", 1))),
        off_(static_cast<T>(context.attributes().number_or("off_value", 0))),
        depth_(context.attributes().get<std::int64_t>("depth")) {
    const std::size_t axis =
        known_axis(context.attributes().value_or("axis", std::int64_t{-1}), out_.shape.size());
    inner_ = sizes_product(out_.shape, axis + 1, out_.shape.size());
  }

  void run(const RunContext&) override {
    T* out = out_.as<T>();
    for (std::int64_t i = 0; i < out_.size; ++i) out[i] = off_;
    for (std::int64_t i = 0; i < ids_.size; ++i) {
      const std::int64_t id = id_at(ids_, i);
      if (id < 0 || id >= depth_) continue;  // TF: a row of off_value
      out[(i / inner_ * depth_ + id) * inner_ + i % inner_] = on_;
    }
  }

 private:
  Buffer ids_;
  Buffer out_;
  T on_;
  T off_;
  std::int64_t depth_;
  std::int64_t inner_;
};

std::unique_ptr<OpKernel> make_one_hot(const KernelContext& context) {
  return dispatch_number(context, context.output.dtype, [&](auto tag) -> std::unique_ptr<OpKernel> {
    return std::make_unique<OneHotKernel<typename decltype(tag)::type>>(context);
  });
}

}  // namespace

std::vector<OpDef> gather_ops() {
  return {
      {"gather", 2, 2, infer_gather, gather_gradient, make_gather},
      {"gather_grad", 3, 3, infer_gather_grad, nullptr, make_gather_grad},
      with_attributes("depth, axis, on_value, off_value, dtype",
                      {"one_hot", 1, 1, infer_one_hot, nullptr, make_one_hot}),
  };
}

}  // namespace holdfast
