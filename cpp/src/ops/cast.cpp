// From one dtype to another.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>

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

// Decimal text without what surrounds it: spaces, and a plus sign, which from_chars does not know.
std::string_view number_part(std::string_view text) {
  constexpr const char* kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  text = text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
  const bool plus = text.size() > 1 && text[0] == '+' && text[1] != '-';
  return plus ? text.substr(1) : text;
}

// The whole text is a number of T; false otherwise. No locale takes part.
template <typename T>
bool parse(std::string_view text, T& value) {
  const char* end = text.data() + text.size();
  const auto [stop, status] = std::from_chars(text.data(), end, value);
  if constexpr (std::is_same_v<T, float>) {
    double wide = 0;  // too large or too small for float: infinity or zero, as a cast makes it
    if (status == std::errc::result_out_of_range && parse(text, wide)) {
      value = static_cast<float>(wide);
      return true;
    }
  }
  return status == std::errc() && stop == end;
}

template <typename T>
class ParseKernel : public OpKernel {
 public:
  explicit ParseKernel(const KernelContext& context)
      : name_(context.node.name), text_(context.inputs[0]), out_(context.output) {}

  void run(const RunContext&) override {
    for (std::int64_t i = 0; i < text_.size; ++i) {
      const std::string& text = text_.as<std::string>()[i];
      if (parse(number_part(text), out_.as<T>()[i])) continue;
      throw Error(Code::kInvalidArgument,
                  "node \"" + name_ + "\": expected text that reads as " + dtype_name(out_.dtype) +
                      "; got \"" + text + "\" at place " + std::to_string(i),
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
  return {identity_of_same_type({"cast", 1, 1, infer_cast, cast_gradient, make_cast})};
}

}  // namespace holdfast
