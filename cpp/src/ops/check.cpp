// Refuses values that a model cannot use, in the words of whoever gave them. The value passes
// unchanged.
#include <cmath>
#include <iomanip>
#include <limits>
#include <sstream>
#include <string>

#include "ops/dtype_dispatch.h"
#include "ops/families.h"
#include "ops/operands.h"

namespace holdfast {
namespace {

std::string with_hint(std::string text, const std::string& hint) {
  if (!hint.empty()) text += "; " + hint;
  return text;
}

// 3, 0.5, nan: without the zeros of std::to_string.
template <typename T>
std::string number_text(T value) {
  std::ostringstream out;
  out << std::setprecision(std::numeric_limits<T>::digits10 + 1) << value;
  return out.str();
}

TensorType infer_range(const InferContext& context) {
  expect_dtype(context, 0, kNumbers);
  context.attributes.number("minimum");
  context.attributes.number("maximum");
  context.attributes.get<std::string>("what");
  return context.inputs[0];
}

TensorType infer_shape(const InferContext& context) {
  const Shape& expected = context.attributes.get<std::vector<std::int64_t>>("shape");
  const Shape& found = context.inputs[0].shape;
  bool fits = expected.size() == found.size();
  for (std::size_t i = 0; fits && i < found.size(); ++i) {
    fits = expected[i] < 0 || found[i] < 0 || expected[i] == found[i];
  }
  if (!fits) {
    throw Error(Code::kInvalidArgument,
                with_hint(context.attributes.get<std::string>("what") + ": expected shape " +
                              shape_text(expected) + "; got " + shape_text(found),
                          context.attributes.value_or<std::string>("hint", "")),
                {{"expected", shape_text(expected)}, {"found", shape_text(found)}});
  }
  TensorType result = context.inputs[0];
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (result.shape[i] < 0) result.shape[i] = expected[i];
  }
  return result;
}

std::vector<NodeId> pass_gradient(const GradientContext& context) { return {context.output_grad}; }

template <typename T>
class RangeKernel : public OpKernel {
 public:
  explicit RangeKernel(const KernelContext& context)
      : x_(context.inputs[0]),
        minimum_(context.attributes().number("minimum")),
        maximum_(context.attributes().number("maximum")),
        what_(context.attributes().get<std::string>("what")),
        hint_(context.attributes().value_or<std::string>("hint", "")) {}

  void run(const RunContext&) override {
    const T* x = x_.as<T>();
    bool all = true;
    for (std::int64_t i = 0; i < x_.size; ++i) all &= is_inside(x[i]);
    for (std::int64_t i = 0; !all; ++i)
      if (!is_inside(x[i])) refuse(i, x[i]);
  }

 private:
  bool is_inside(T value) const noexcept {  // NaN is outside
    return (static_cast<double>(value) >= minimum_) & (static_cast<double>(value) <= maximum_);
  }

  [[noreturn]] void refuse(std::int64_t i, T value) const {
    const std::int64_t per_row =
        x_.shape.empty() ? 1 : std::max<std::int64_t>(x_.size / x_.shape[0], 1);
    const std::string row = std::to_string(i / per_row);
    throw Error(Code::kInvalidArgument,
                with_hint(what_ + ": expected values in " + number_text(minimum_) + ".." +
                              number_text(maximum_) + "; got " + number_text(value) + " in row " +
                              row + " of the batch",
                          hint_),
                {{"row", row}, {"found", number_text(value)}});
  }

  Buffer x_;
  double minimum_;
  double maximum_;
  std::string what_;
  std::string hint_;
};

std::unique_ptr<OpKernel> make_range(const KernelContext& context) {
  return dispatch_number(context, context.inputs[0].dtype,
                         [&](auto tag) -> std::unique_ptr<OpKernel> {
                           using T = typename decltype(tag)::type;
                           return std::make_unique<RangeKernel<T>>(context);
                         });
}

}  // namespace

std::vector<OpDef> check_ops() {
  OpDef range{"check_range", 1, 1, infer_range, pass_gradient, make_range};
  OpDef shape{"check_shape", 1, 1, infer_shape, pass_gradient, nullptr};
  range.is_view = true;
  range.attributes = "minimum, maximum, what, hint";
  shape.is_view = true;
  shape.attributes = "shape, what, hint";
  return {range, shape};
}

}  // namespace holdfast
