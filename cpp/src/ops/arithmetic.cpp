// Arithmetic of two tensors, element by element, under broadcasting; and clipping.
#include <cmath>

#include "ops/dtype_dispatch.h"
#include "ops/elementwise.h"
#include "ops/families.h"
#include "ops/gradient_nodes.h"
#include "ops/operands.h"
#include "ops/python_math.h"

namespace holdfast {
namespace {

struct Add {
  template <typename T>
  static T apply(T a, T b) {
    return wrapping_add(a, b);
  }
};
struct Subtract {
  template <typename T>
  static T apply(T a, T b) {
    return wrapping_subtract(a, b);
  }
};
struct Multiply {
  template <typename T>
  static T apply(T a, T b) {
    return wrapping_multiply(a, b);
  }
};
struct Divide {  // of floats
  template <typename T>
  static T apply(T a, T b) {
    return a / b;
  }
};
struct DivideNoNan {
  template <typename T>
  static T apply(T a, T b) {
    return b == 0 ? T{0} : a / b;
  }
};
struct Maximum {  // NaN when either is, as NumPy's
  template <typename T>
  static T apply(T a, T b) {
    return a > b || a != a ? a : b;
  }
};
struct Minimum {
  template <typename T>
  static T apply(T a, T b) {
    return a < b || a != a ? a : b;
  }
};
struct FloorDivide {
  template <typename T>
  static T apply(T a, T b) {
    return python_floordiv(a, b);
  }
};
struct Modulo {
  template <typename T>
  static T apply(T a, T b) {
    return python_mod(a, b);
  }
};
// float32 by way of double, whose last bits (they may depend on the C library) are rounded away.
struct Power {
  static float apply(float a, float b) {
    return static_cast<float>(std::pow(static_cast<double>(a), static_cast<double>(b)));
  }
  static double apply(double a, double b) { return std::pow(a, b); }
};
struct Clip {  // NaN stays NaN; hi wins where lo > hi
  template <typename T>
  static T apply(T x, T lo, T hi) {
    const T raised = x < lo ? lo : x;
    return raised > hi ? hi : raised;
  }
};

// Shape rules.

TensorType infer_binary(const InferContext& context, const DTypeSet& set) {
  expect_dtype(context, 0, set);
  expect_dtype(context, 1, set);
  expect_one_dtype(context);
  return {context.inputs[0].dtype,
          broadcast_shape(context, context.inputs[0].shape, context.inputs[1].shape)};
}
TensorType infer_numbers(const InferContext& context) { return infer_binary(context, kNumbers); }
TensorType infer_floats(const InferContext& context) { return infer_binary(context, kFloats); }

TensorType infer_clip(const InferContext& context) {
  for (std::size_t i = 0; i < 3; ++i) expect_dtype(context, i, kNumbers);
  expect_one_dtype(context);
  const Shape& x = context.inputs[0].shape;
  for (std::size_t i = 1; i < 3; ++i) {
    const Shape wide = broadcast_shape(context, x, context.inputs[i].shape);
    bool fits = wide.size() == x.size();
    for (std::size_t k = 0; fits && k < x.size(); ++k) fits = x[k] < 0 || x[k] == wide[k];
    if (!fits) {
      context.fail("expected bounds that broadcast to the shape of x, " + shape_text(x) + "; got " +
                   shape_text(context.inputs[i].shape));
    }
  }
  return context.inputs[0];
}

// Kernels.

template <typename Function>
std::unique_ptr<OpKernel> make_binary(const KernelContext& context) {
  return dispatch_number(context, context.output.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    return std::unique_ptr<OpKernel>(std::make_unique<BinaryKernel<Function, T, T>>(context));
  });
}

template <typename Function>
std::unique_ptr<OpKernel> make_float_binary(const KernelContext& context) {
  return dispatch_float(context, context.output.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    return std::unique_ptr<OpKernel>(std::make_unique<BinaryKernel<Function, T, T>>(context));
  });
}

// Looks for a divisor 0 before anything is computed.
template <typename Function, typename T>
class IntegerDivisionKernel : public OpKernel {
 public:
  explicit IntegerDivisionKernel(const KernelContext& context)
      : name_(context.node.name), divisor_(context.inputs[1]), division_(context) {
    if (context.output.size == 0) divisor_.size = 0;
  }

  void run(const RunContext& context) override {
    const T* b = divisor_.as<T>();
    bool zero = false;
    for (std::int64_t i = 0; i < divisor_.size; ++i) zero |= b[i] == 0;
    if (zero) refuse();
    division_.run(context);
  }

 private:
  [[noreturn]] void refuse() const {
    const T* b = divisor_.as<T>();
    std::int64_t at = 0;
    while (b[at] != 0) ++at;
    throw Error(Code::kInvalidArgument,
                "node \"" + name_ +
                    "\": expected integer divisors other than 0; got 0 in element " +
                    std::to_string(at) + "; replace it, or divide floats",
                {{"element", std::to_string(at)}});
  }

  std::string name_;
  Buffer divisor_;
  BinaryKernel<Function, T, T> division_;
};

// Floats by OnFloats, integers by OnIntegers after a look at the divisors.
template <typename OnFloats, typename OnIntegers>
std::unique_ptr<OpKernel> make_division(const KernelContext& context) {
  if (is_number_float(context.output.dtype)) return make_float_binary<OnFloats>(context);
  return dispatch_integer(context, context.output.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    return std::unique_ptr<OpKernel>(
        std::make_unique<IntegerDivisionKernel<OnIntegers, T>>(context));
  });
}

std::unique_ptr<OpKernel> make_clip(const KernelContext& context) {
  return dispatch_number(context, context.output.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    return std::unique_ptr<OpKernel>(std::make_unique<TernaryKernel<Clip, T, T, T, T>>(context));
  });
}

// Gradients: dx and dy before the sums over broadcast axes.

std::vector<NodeId> both(const GradientContext& context, NodeId da, NodeId db) {
  return {sum_to_input(context, 0, da), sum_to_input(context, 1, db)};
}

std::vector<NodeId> add_gradient(const GradientContext& context) {
  return both(context, context.output_grad, context.output_grad);
}

std::vector<NodeId> sub_gradient(const GradientContext& context) {
  return both(context, context.output_grad, context.add("neg", {context.output_grad}));
}

std::vector<NodeId> mul_gradient(const GradientContext& context) {
  return both(context, context.add("mul", {context.output_grad, context.input(1)}),
              context.add("mul", {context.output_grad, context.input(0)}));
}

// d(a / b) = da / b - db * (a / b) / b; the same with x / 0 = 0 for div_no_nan.
std::vector<NodeId> div_gradient(const GradientContext& context) {
  const std::string op = context.forward().op;
  const NodeId b = context.input(1);
  const NodeId slope = context.add("neg", {context.add(op, {context.node, b})});
  return both(context, context.add(op, {context.output_grad, b}),
              context.add("mul", {context.output_grad, slope}));
}

// The whole gradient goes to the operand that was chosen, to the first where they are equal.
std::vector<NodeId> extremum_gradient(const GradientContext& context) {
  const bool largest = context.forward().op == "maximum";
  const NodeId first =
      context.add(largest ? "greater_equal" : "less_equal", {context.input(0), context.input(1)});
  return both(context, where_or_zero(context, first, context.output_grad),
              where_or_zero(context, context.add("logical_not", {first}), context.output_grad));
}

// d(a^b) = da * b * a^(b-1) + db * a^b * log a; the second term is 0 where a <= 0, as in TF.
std::vector<NodeId> pow_gradient(const GradientContext& context) {
  const NodeId a = context.input(0);
  const NodeId b = context.input(1);
  const NodeId dy = context.output_grad;
  const NodeId one = scalar_like(context, a, 1.0);
  const NodeId lower = context.add("pow", {a, context.add("sub", {b, one})});
  const NodeId positive = context.add("greater", {a, scalar_like(context, a, 0.0)});
  const NodeId log_a = context.add("log", {context.add("where", {positive, a, one})});
  return both(context, context.add("mul", {dy, context.add("mul", {b, lower})}),
              context.add("mul", {dy, context.add("mul", {context.node, log_a})}));
}

// Of x alone, where it lies within the bounds (bounds included).
std::vector<NodeId> clip_gradient(const GradientContext& context) {
  const NodeId x = context.input(0);
  const NodeId inside =
      context.add("logical_and", {context.add("greater_equal", {x, context.input(1)}),
                                  context.add("less_equal", {x, context.input(2)})});
  return {where_or_zero(context, inside, context.output_grad), kNoNode, kNoNode};
}

}  // namespace

std::vector<OpDef> arithmetic_ops() {
  return {
      {"add", 2, 2, infer_numbers, add_gradient, make_binary<Add>},
      {"sub", 2, 2, infer_numbers, sub_gradient, make_binary<Subtract>},
      {"mul", 2, 2, infer_numbers, mul_gradient, make_binary<Multiply>},
      {"div", 2, 2, infer_numbers, div_gradient, make_division<Divide, FloorDivide>},
      {"div_no_nan", 2, 2, infer_floats, div_gradient, make_float_binary<DivideNoNan>},
      {"maximum", 2, 2, infer_numbers, extremum_gradient, make_binary<Maximum>},
      {"minimum", 2, 2, infer_numbers, extremum_gradient, make_binary<Minimum>},
      {"floordiv", 2, 2, infer_numbers, nullptr, make_division<FloorDivide, FloorDivide>},
      {"mod", 2, 2, infer_numbers, nullptr, make_division<Modulo, Modulo>},
      {"pow", 2, 2, infer_floats, pow_gradient, make_float_binary<Power>},
      {"clip_by_value", 3, 3, infer_clip, clip_gradient, make_clip},
  };
}

}  // namespace holdfast
