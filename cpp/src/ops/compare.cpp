// Comparisons, logic, and the choice between two tensors, element by element under broadcasting.
#include <string>

#include "ops/dtype_dispatch.h"
#include "ops/elementwise.h"
#include "ops/families.h"
#include "ops/gradient_nodes.h"
#include "ops/operands.h"

namespace holdfast {
namespace {

struct Equal {
  template <typename T>
  static bool apply(const T& a, const T& b) {
    return a == b;
  }
};
struct NotEqual {
  template <typename T>
  static bool apply(const T& a, const T& b) {
    return !(a == b);
  }
};
struct Less {
  template <typename T>
  static bool apply(T a, T b) {
    return a < b;
  }
};
struct LessEqual {
  template <typename T>
  static bool apply(T a, T b) {
    return a <= b;
  }
};
struct Greater {
  template <typename T>
  static bool apply(T a, T b) {
    return a > b;
  }
};
struct GreaterEqual {
  template <typename T>
  static bool apply(T a, T b) {
    return a >= b;
  }
};
struct And {
  static bool apply(bool a, bool b) { return a && b; }
};
struct Or {
  static bool apply(bool a, bool b) { return a || b; }
};
struct Not {
  static bool apply(bool x) { return !x; }
};
struct Where {
  template <typename T>
  static const T& apply(bool cond, const T& a, const T& b) {
    return cond ? a : b;
  }
};

TensorType infer_comparison(const InferContext& context, const DTypeSet& set) {
  expect_dtype(context, 0, set);
  expect_dtype(context, 1, set);
  expect_one_dtype(context);
  return {DType::kBool, broadcast_shape(context, context.inputs[0].shape, context.inputs[1].shape)};
}
TensorType infer_equality(const InferContext& context) {
  return infer_comparison(context, kAnything);
}
TensorType infer_order(const InferContext& context) { return infer_comparison(context, kNumbers); }
TensorType infer_logic(const InferContext& context) { return infer_comparison(context, kBools); }
TensorType infer_not(const InferContext& context) {
  expect_dtype(context, 0, kBools);
  return context.inputs[0];
}

TensorType infer_where(const InferContext& context) {
  expect_dtype(context, 0, kBools);
  expect_dtype(context, 1, kAnything);
  expect_one_dtype(context, 1);
  const Shape values = broadcast_shape(context, context.inputs[1].shape, context.inputs[2].shape);
  return {context.inputs[1].dtype, broadcast_shape(context, context.inputs[0].shape, values)};
}

std::vector<NodeId> where_gradient(const GradientContext& context) {
  const NodeId cond = context.input(0);
  const NodeId otherwise = context.add("logical_not", {cond});
  return {kNoNode, sum_to_input(context, 1, where_or_zero(context, cond, context.output_grad)),
          sum_to_input(context, 2, where_or_zero(context, otherwise, context.output_grad))};
}

template <typename Function>
std::unique_ptr<OpKernel> make_equality(const KernelContext& context) {
  return dispatch_any(context, context.inputs[0].dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    return std::unique_ptr<OpKernel>(std::make_unique<BinaryKernel<Function, T, bool>>(context));
  });
}

template <typename Function>
std::unique_ptr<OpKernel> make_order(const KernelContext& context) {
  return dispatch_number(context, context.inputs[0].dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    return std::unique_ptr<OpKernel>(std::make_unique<BinaryKernel<Function, T, bool>>(context));
  });
}

std::unique_ptr<OpKernel> make_where(const KernelContext& context) {
  return dispatch_any(context, context.output.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    return std::unique_ptr<OpKernel>(
        std::make_unique<TernaryKernel<Where, bool, T, T, T>>(context));
  });
}

}  // namespace

std::vector<OpDef> compare_ops() {
  return {
      {"equal", 2, 2, infer_equality, nullptr, make_equality<Equal>},
      {"not_equal", 2, 2, infer_equality, nullptr, make_equality<NotEqual>},
      {"less", 2, 2, infer_order, nullptr, make_order<Less>},
      {"less_equal", 2, 2, infer_order, nullptr, make_order<LessEqual>},
      {"greater", 2, 2, infer_order, nullptr, make_order<Greater>},
      {"greater_equal", 2, 2, infer_order, nullptr, make_order<GreaterEqual>},
      {"logical_and", 2, 2, infer_logic, nullptr, make_op_kernel<BinaryKernel<And, bool, bool>>},
      {"logical_or", 2, 2, infer_logic, nullptr, make_op_kernel<BinaryKernel<Or, bool, bool>>},
      {"logical_not", 1, 1, infer_not, nullptr, make_op_kernel<UnaryKernel<Not, bool, bool>>},
      {"where", 3, 3, infer_where, where_gradient, make_where},
  };
}

}  // namespace holdfast
