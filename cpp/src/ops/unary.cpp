// Functions of one tensor, element by element.
#include <cmath>
#include <limits>

#include "kernels/kernels.h"
#include "ops/dtype_dispatch.h"
#include "ops/elementwise.h"
#include "ops/families.h"
#include "ops/gradient_nodes.h"
#include "ops/operands.h"
#include "ops/python_math.h"

namespace holdfast {
namespace {

using kernels::Unary;

struct Negate {
  template <typename T>
  static T apply(T x) {
    if constexpr (std::is_integral_v<T>) return wrapping_subtract(T{0}, x);
    return -x;
  }
};
struct Absolute {
  template <typename T>
  static T apply(T x) {
    if constexpr (std::is_integral_v<T>) return x < 0 ? wrapping_subtract(T{0}, x) : x;
    return std::abs(x);
  }
};
struct Square {
  template <typename T>
  static T apply(T x) {
    return wrapping_multiply(x, x);
  }
};
struct Sign {  // of NaN is NaN, of 0 is 0
  template <typename T>
  static T apply(T x) {
    return x > 0 ? T{1} : x < 0 ? T{-1} : x;
  }
};
struct Reciprocal {
  template <typename T>
  static T apply(T x) {
    return 1 / x;
  }
};
struct InverseSqrt {  // two correctly rounded steps: the same bits everywhere
  template <typename T>
  static T apply(T x) {
    return 1 / std::sqrt(x);
  }
};
struct Floor {
  template <typename T>
  static T apply(T x) {
    return std::floor(x);
  }
};
struct Ceil {
  template <typename T>
  static T apply(T x) {
    return std::ceil(x);
  }
};
struct Round {  // half to even, the default rounding of IEEE 754
  template <typename T>
  static T apply(T x) {
    return std::nearbyint(x);
  }
};
struct Sqrt {
  static double apply(double x) { return std::sqrt(x); }
};
struct Exp {
  static double apply(double x) { return std::exp(x); }
};
struct Log {
  static double apply(double x) { return std::log(x); }
};
struct Log1p {
  static double apply(double x) { return std::log1p(x); }
};
struct IsNan {
  template <typename T>
  static bool apply(T x) {
    return x != x;
  }
};
struct IsFinite {
  template <typename T>
  static bool apply(T x) {
    return std::abs(x) <= std::numeric_limits<T>::max();
  }
};

TensorType infer_number(const InferContext& context) {
  expect_dtype(context, 0, kNumbers);
  return context.inputs[0];
}
TensorType infer_float(const InferContext& context) {
  expect_dtype(context, 0, kFloats);
  return context.inputs[0];
}
TensorType infer_test(const InferContext& context) {
  expect_dtype(context, 0, kFloats);
  return {DType::kBool, context.inputs[0].shape};
}

template <typename Function>
std::unique_ptr<OpKernel> make_unary(const KernelContext& context) {
  return dispatch_number(context, context.inputs[0].dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    return std::unique_ptr<OpKernel>(std::make_unique<UnaryKernel<Function, T, T>>(context));
  });
}
template <typename Function>
std::unique_ptr<OpKernel> make_float_unary(const KernelContext& context) {
  return dispatch_float(context, context.inputs[0].dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    return std::unique_ptr<OpKernel>(std::make_unique<UnaryKernel<Function, T, T>>(context));
  });
}
template <typename Function>
std::unique_ptr<OpKernel> make_test(const KernelContext& context) {
  return dispatch_float(context, context.inputs[0].dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    return std::unique_ptr<OpKernel>(std::make_unique<UnaryKernel<Function, T, bool>>(context));
  });
}

// float32 through the kernel table, whose functions have the same bits on every instruction set.
template <Unary function>
class TableKernel : public OpKernel {
 public:
  explicit TableKernel(const KernelContext& context)
      : x_(context.inputs[0].as<float>()),
        y_(context.output.as<float>()),
        split_(context.output.size, context.threads) {}
  void run(const RunContext& context) override {
    const kernels::KernelTable& table = kernels::table();
    split_.run(context.pool, [&](std::int64_t begin, std::int64_t count) {
      table.unary(function, x_ + begin, y_ + begin, count);
    });
  }

 private:
  const float* x_;
  float* y_;
  ElementwiseSplit split_;
};

// log(1 + x) = log(u) * x / (u - 1) with u the rounded 1 + x: the error of u cancels.
// Source: Kahan; Goldberg, ACM Computing Surveys 23 (1991), theorem 4.
class Log1pFloatKernel : public OpKernel {
 public:
  explicit Log1pFloatKernel(const KernelContext& context)
      : x_(context.inputs[0].as<float>()),
        y_(context.output.as<float>()),
        split_(context.output.size, context.threads) {}

  void run(const RunContext& context) override {
    const kernels::KernelTable& table = kernels::table();
    split_.run(context.pool, [&](std::int64_t begin, std::int64_t count) {
      const float* x = x_ + begin;
      float* y = y_ + begin;
      for (std::int64_t i = 0; i < count; ++i) y[i] = 1.0f + x[i];
      table.unary(Unary::kLog, y, y, count);
      for (std::int64_t i = 0; i < count; ++i) y[i] = correct(x[i], y[i]);
    });
  }

 private:
  static float correct(float x, float log_u) {
    const float exact = (1.0f + x) - 1.0f;
    if (exact == 0.0f) return x;
    return std::abs(x) <= std::numeric_limits<float>::max() ? log_u * (x / exact) : log_u;
  }

  const float* x_;
  float* y_;
  ElementwiseSplit split_;
};

template <Unary function, typename Function>
std::unique_ptr<OpKernel> make_table(const KernelContext& context) {
  if (context.inputs[0].dtype == DType::kFloat32) {
    return std::make_unique<TableKernel<function>>(context);
  }
  return std::make_unique<UnaryKernel<Function, double, double>>(context);
}
std::unique_ptr<OpKernel> make_log1p(const KernelContext& context) {
  if (context.inputs[0].dtype == DType::kFloat32) return make_op_kernel<Log1pFloatKernel>(context);
  return std::make_unique<UnaryKernel<Log1p, double, double>>(context);
}

// Gradients, with y the forward value.

std::vector<NodeId> neg_gradient(const GradientContext& context) {
  return {context.add("neg", {context.output_grad})};
}
std::vector<NodeId> abs_gradient(const GradientContext& context) {
  const NodeId sign = context.add("sign", {context.input(0)});
  return {context.add("mul", {context.output_grad, sign})};
}
std::vector<NodeId> square_gradient(const GradientContext& context) {
  const NodeId x = context.input(0);
  const NodeId twice = context.add("mul", {x, scalar_like(context, x, 2.0)});
  return {context.add("mul", {context.output_grad, twice})};
}
std::vector<NodeId> sign_gradient(const GradientContext& context) {
  return {context.add("zeros_like", {context.input(0)})};
}
std::vector<NodeId> sqrt_gradient(const GradientContext& context) {  // 0.5 / y
  const NodeId half =
      context.add("mul", {context.output_grad, scalar_like(context, context.node, 0.5)});
  return {context.add("div", {half, context.node})};
}
std::vector<NodeId> rsqrt_gradient(const GradientContext& context) {  // -0.5 y^3
  const NodeId cube = context.add("mul", {context.node, context.add("square", {context.node})});
  const NodeId slope = context.add("mul", {cube, scalar_like(context, context.node, -0.5)});
  return {context.add("mul", {context.output_grad, slope})};
}
std::vector<NodeId> exp_gradient(const GradientContext& context) {
  return {context.add("mul", {context.output_grad, context.node})};
}
std::vector<NodeId> log_gradient(const GradientContext& context) {
  return {context.add("div", {context.output_grad, context.input(0)})};
}
std::vector<NodeId> log1p_gradient(const GradientContext& context) {
  const NodeId x = context.input(0);
  const NodeId u = context.add("add", {x, scalar_like(context, x, 1.0)});
  return {context.add("div", {context.output_grad, u})};
}
std::vector<NodeId> reciprocal_gradient(const GradientContext& context) {  // -y^2
  const NodeId slope = context.add("neg", {context.add("square", {context.node})});
  return {context.add("mul", {context.output_grad, slope})};
}

}  // namespace

std::vector<OpDef> unary_ops() {
  return {
      {"neg", 1, 1, infer_number, neg_gradient, make_unary<Negate>},
      {"abs", 1, 1, infer_number, abs_gradient, make_unary<Absolute>},
      {"square", 1, 1, infer_number, square_gradient, make_unary<Square>},
      {"sign", 1, 1, infer_number, sign_gradient, make_unary<Sign>},
      {"sqrt", 1, 1, infer_float, sqrt_gradient, make_table<Unary::kSqrt, Sqrt>},
      {"rsqrt", 1, 1, infer_float, rsqrt_gradient, make_float_unary<InverseSqrt>},
      {"exp", 1, 1, infer_float, exp_gradient, make_table<Unary::kExp, Exp>},
      {"log", 1, 1, infer_float, log_gradient, make_table<Unary::kLog, Log>},
      {"log1p", 1, 1, infer_float, log1p_gradient, make_log1p},
      {"reciprocal", 1, 1, infer_float, reciprocal_gradient, make_float_unary<Reciprocal>},
      {"floor", 1, 1, infer_float, nullptr, make_float_unary<Floor>},
      {"ceil", 1, 1, infer_float, nullptr, make_float_unary<Ceil>},
      {"round", 1, 1, infer_float, nullptr, make_float_unary<Round>},
      {"is_nan", 1, 1, infer_test, nullptr, make_test<IsNan>},
      {"is_finite", 1, 1, infer_test, nullptr, make_test<IsFinite>},
  };
}

}  // namespace holdfast
