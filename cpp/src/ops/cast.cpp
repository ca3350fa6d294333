// From one dtype to another.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "base/parse_number.h"
#include "base/quoted.h"
#include "ops/dtype_dispatch.h"
#include "ops/elementwise.h"
#include "ops/families.h"
#include "ops/operands.h"

namespace holdfast {
namespace {

DType target(const AttributeReader& attributes) {
  return dtype_from_name(attributes.get<std::string>("dtype"));
}

TensorType infer_cast(const InferContext& context) {
  const DType from = context.inputs[0].dtype;
  const DType to = target(context.attributes);
  if (!is_graph_dtype(to) || (to == DType::kString && from != DType::kString)) {
    context.fail(std::string("expected a cast to float32, float64, int32, int64 or bool; got ") +
                 dtype_name(from) + " to " + dtype_name(to) +
                 (to == DType::kString ? "; use as_string" : ""));
  }
  if (from == DType::kString && to == DType::kBool) {
    context.fail("expected a string that is cast to a number; got a cast to bool");
  }
  return {to, context.inputs[0].shape};
}

std::vector<NodeId> cast_gradient(const GradientContext& context) {
  const DType from = context.graph.node(context.input(0)).type.dtype;
  if (!is_floating(from) || !is_floating(context.forward().type.dtype)) return {kNoNode};
  return {context.add("cast", {context.output_grad}, {{"dtype", std::string(dtype_name(from))}})};
}

// Out-of-range floats saturate and NaN becomes 0: C++ leaves both undefined.
template <typename From, typename To>
struct Cast {
  static To apply(From x) {
    if constexpr (std::is_same_v<To, bool>) {
      return x != From{0};
    } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
      constexpr auto kLow = static_cast<From>(std::numeric_limits<To>::min());
      if (std::isnan(x)) return 0;
      if (x < kLow) return std::numeric_limits<To>::min();
      if (x >= -kLow) return std::numeric_limits<To>::max();
      return static_cast<To>(x);
    } else {
      return static_cast<To>(x);
    }
  }
};

template <typename T>
class ParseKernel : public OpKernel {
 public:
  explicit ParseKernel(const KernelContext& context)
      : name_(context.node.name), text_(context.inputs[0]), out_(context.output) {}

  void run(const RunContext&) override {
    for (std::int64_t i = 0; i < text_.size; ++i) {
      const std::string& text = text_.as<std::string>()[i];
      if (parse_number(number_part(text), out_.as<T>()[i])) continue;
      throw Error(Code::kInvalidArgument,
                  "node \"" + name_ + "\": expected text that reads as " + dtype_name(out_.dtype) +
                      "; got " + quoted(text) + " at place " + std::to_string(i),
                  {{"element", std::to_string(i)}, {"found", text}});
    }
  }

 private:
  std::string name_;
  Buffer text_;
  Buffer out_;
};

class StringCopyKernel : public OpKernel {
 public:
  explicit StringCopyKernel(const KernelContext& context)
      : from_(context.inputs[0]), to_(context.output) {}
  void run(const RunContext&) override {
    std::copy_n(from_.as<std::string>(), from_.size, to_.as<std::string>());
  }

 private:
  Buffer from_;
  Buffer to_;
};

template <typename From>
std::unique_ptr<OpKernel> make_cast_from(const KernelContext& context) {
  if (context.output.dtype == DType::kBool) {
    return std::make_unique<UnaryKernel<Cast<From, bool>, From, bool>>(context);
  }
  return dispatch_number(context, context.output.dtype, [&](auto tag) -> std::unique_ptr<OpKernel> {
    using To = typename decltype(tag)::type;
    return std::make_unique<UnaryKernel<Cast<From, To>, From, To>>(context);
  });
}

std::unique_ptr<OpKernel> make_cast(const KernelContext& context) {
  const DType from = context.inputs[0].dtype;
  if (from == DType::kString) {
    if (context.output.dtype == DType::kString) {
      return std::make_unique<StringCopyKernel>(context);
    }
    return dispatch_number(
        context, context.output.dtype, [&](auto tag) -> std::unique_ptr<OpKernel> {
          return std::make_unique<ParseKernel<typename decltype(tag)::type>>(context);
        });
  }
  if (from == DType::kBool) return make_cast_from<bool>(context);
  return dispatch_number(context, from, [&](auto tag) {
    return make_cast_from<typename decltype(tag)::type>(context);
  });
}

}  // namespace

std::vector<OpDef> cast_ops() {
  return {with_attributes(
      "dtype", identity_of_same_type({"cast", 1, 1, infer_cast, cast_gradient, make_cast}))};
}

}  // namespace holdfast
