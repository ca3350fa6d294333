// Operations that write a variable: assignment and the optimizers' updates. Input 0 is the
// variable, and so is the result.
#include "kernels/kernels.h"
#include "ops/elementwise_split.h"
#include "ops/families.h"

namespace holdfast {
namespace {

void expect_same_shape(const InferContext& context, std::size_t input, const char* what) {
  const Shape& variable = context.inputs[0].shape;
  const Shape& value = context.inputs[input].shape;
  bool same = variable.size() == value.size();
  for (std::size_t i = 0; same && i < value.size(); ++i) {
    same = value[i] < 0 || value[i] == variable[i];
  }
  if (!same) {
    context.fail(std::string(what) + ": expected the variable's shape " + shape_text(variable) +
                 "; got " + shape_text(value));
  }
}

TensorType infer_assign(const InferContext& context) {
  const DType variable = context.inputs[0].dtype;
  const DType value = context.inputs[1].dtype;
  const bool widens = (variable == DType::kFloat64 && value == DType::kFloat32) ||
                      (variable == DType::kInt64 && value == DType::kInt32);
  if (variable != value && !widens) {
    context.fail(std::string("value: expected ") + dtype_name(variable) + ", the variable's; got " +
                 dtype_name(value) + "; cast it first");
  }
  expect_same_shape(context, 1, "value");
  return context.inputs[0];
}

void expect_float32(const InferContext& context) {
  for (std::size_t i = 0; i < context.inputs.size(); ++i) {
    if (context.inputs[i].dtype != DType::kFloat32) {
      context.fail("input " + std::to_string(i) + ": expected float32; got " +
                   dtype_name(context.inputs[i].dtype));
    }
  }
}

void expect_scalar(const InferContext& context, std::size_t input) {
  if (!context.inputs[input].shape.empty()) {
    context.fail("learning_rate: expected a scalar; got shape " +
                 shape_text(context.inputs[input].shape));
  }
}

TensorType infer_gradient_descent(const InferContext& context) {
  expect_float32(context);
  expect_scalar(context, 1);
  expect_same_shape(context, 2, "gradient");
  return context.inputs[0];
}

TensorType infer_adagrad(const InferContext& context) {
  expect_float32(context);
  expect_same_shape(context, 1, "accumulator");
  expect_scalar(context, 2);
  expect_same_shape(context, 3, "gradient");
  return context.inputs[0];
}

TensorType infer_group(const InferContext&) { return {DType::kInt64, {}}; }

enum class Assignment { kSet, kAdd, kSubtract };

template <typename To, typename From>
void assign(Assignment how, To* variable, const From* value, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    const To x = static_cast<To>(value[i]);
    if (how == Assignment::kSet) {
      variable[i] = x;
    } else if (how == Assignment::kAdd) {
      variable[i] += x;
    } else {
      variable[i] -= x;
    }
  }
}

class AssignKernel : public OpKernel {
 public:
  explicit AssignKernel(const KernelContext& context)
      : how_(context.node.op == "assign"       ? Assignment::kSet
             : context.node.op == "assign_add" ? Assignment::kAdd
                                               : Assignment::kSubtract),
        variable_(context.inputs[0]),
        value_(context.inputs[1]) {
    const bool arithmetic = variable_.dtype == DType::kFloat32 ||
                            variable_.dtype == DType::kFloat64 ||
                            variable_.dtype == DType::kInt32 || variable_.dtype == DType::kInt64;
    const bool settable = variable_.dtype == DType::kBool && how_ == Assignment::kSet;
    if (!arithmetic && !settable) {
      throw Error(Code::kUnimplemented,
                  "node \"" + context.node.name + "\" (" + context.node.op +
                      "): expected a variable of float32, float64, int32 or int64; got " +
                      dtype_name(variable_.dtype));
    }
  }

  void run(const RunContext&) override {
    const std::int64_t n = variable_.size;
    switch (variable_.dtype) {
      case DType::kFloat32:
        return assign(how_, variable_.as<float>(), value_.as<float>(), n);
      case DType::kInt32:
        return assign(how_, variable_.as<std::int32_t>(), value_.as<std::int32_t>(), n);
      case DType::kFloat64:
        if (value_.dtype == DType::kFloat32) {
          return assign(how_, variable_.as<double>(), value_.as<float>(), n);
        }
        return assign(how_, variable_.as<double>(), value_.as<double>(), n);
      case DType::kInt64:
        if (value_.dtype == DType::kInt32) {
          return assign(how_, variable_.as<std::int64_t>(), value_.as<std::int32_t>(), n);
        }
        return assign(how_, variable_.as<std::int64_t>(), value_.as<std::int64_t>(), n);
      default:
        return assign(Assignment::kSet, variable_.as<bool>(), value_.as<bool>(), n);
    }
  }

 private:
  Assignment how_;
  Buffer variable_;
  Buffer value_;
};

class GradientDescentKernel : public OpKernel {
 public:
  explicit GradientDescentKernel(const KernelContext& context)
      : w_(context.inputs[0].as<float>()),
        learning_rate_(context.inputs[1].as<float>()),
        g_(context.inputs[2].as<float>()),
        split_(context.inputs[0].size, context.threads) {}

  void run(const RunContext& context) override {
    const kernels::KernelTable& table = kernels::table();
    split_.run(context.pool, [&](std::int64_t begin, std::int64_t count) {
      table.gradient_descent_update(w_ + begin, g_ + begin, count, *learning_rate_);
    });
  }

 private:
  float* w_;
  const float* learning_rate_;
  const float* g_;
  ElementwiseSplit split_;
};

class AdagradKernel : public OpKernel {
 public:
  explicit AdagradKernel(const KernelContext& context)
      : w_(context.inputs[0].as<float>()),
        a_(context.inputs[1].as<float>()),
        learning_rate_(context.inputs[2].as<float>()),
        g_(context.inputs[3].as<float>()),
        split_(context.inputs[0].size, context.threads) {}

  void run(const RunContext& context) override {
    const kernels::KernelTable& table = kernels::table();
    split_.run(context.pool, [&](std::int64_t begin, std::int64_t count) {
      table.adagrad_update({w_ + begin, a_ + begin, g_ + begin, count, *learning_rate_});
    });
  }

 private:
  float* w_;
  float* a_;
  const float* learning_rate_;
  const float* g_;
  ElementwiseSplit split_;
};

// A target that stands for its inputs; its value is 0.
class GroupKernel : public OpKernel {
 public:
  explicit GroupKernel(const KernelContext& context) : value_(context.output.as<std::int64_t>()) {}
  void run(const RunContext&) override { *value_ = 0; }

 private:
  std::int64_t* value_;
};

OpDef writing(const char* name, int inputs, TensorType (*infer)(const InferContext&),
              std::unique_ptr<OpKernel> (*make)(const KernelContext&)) {
  OpDef def{name, inputs, inputs, infer, nullptr, make};
  def.writes_variable = true;
  return def;
}

}  // namespace

std::vector<OpDef> state_ops() {
  return {
      writing("assign", 2, infer_assign, make_op_kernel<AssignKernel>),
      writing("assign_add", 2, infer_assign, make_op_kernel<AssignKernel>),
      writing("assign_sub", 2, infer_assign, make_op_kernel<AssignKernel>),
      writing("apply_gradient_descent", 3, infer_gradient_descent,
              make_op_kernel<GradientDescentKernel>),
      writing("apply_adagrad", 4, infer_adagrad, make_op_kernel<AdagradKernel>),
      {"group", 0, -1, infer_group, nullptr, make_op_kernel<GroupKernel>},
  };
}

}  // namespace holdfast
