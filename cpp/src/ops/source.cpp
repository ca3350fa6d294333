// Where values come from: placeholders (fed by the input), constants, variables (held by the
// state).
#include "ops/families.h"

namespace holdfast {
namespace {

TensorType infer_declared(const InferContext& context) {
  return {dtype_from_name(context.attributes.get<std::string>("dtype")),
          context.attributes.get<std::vector<std::int64_t>>("shape")};
}

TensorType infer_constant(const InferContext& context) {
  const TensorType type = infer_declared(context);
  const std::int64_t size = element_count(type.shape);
  const std::int64_t given =
      type.dtype == DType::kString
          ? static_cast<std::int64_t>(
                context.attributes.get<std::vector<std::string>>("values").size())
          : static_cast<std::int64_t>(context.attributes.numbers("values").size());
  if (given != size && given != 1) {
    context.fail("expected 1 or " + std::to_string(size) + " values for shape " +
                 shape_text(type.shape) + "; got " + std::to_string(given));
  }
  return type;
}

TensorType infer_variable(const InferContext& context) {
  const TensorType type = infer_declared(context);
  element_count(type.shape);  // throws when a size is unknown: a variable has all of them
  return type;
}

// What it is, how it begins (runtime/initializers.h), and whose slot it is.
constexpr char kVariableAttributes[] =
    "dtype, shape, role, trainable, slot_of, slot, optimizer, initializer, value, values, minval, "
    "maxval, mean, stddev, scale, mode, distribution";

}  // namespace

std::vector<OpDef> source_ops() {
  return {
      with_attributes("dtype, shape", {"placeholder", 0, 0, infer_declared, nullptr, nullptr}),
      with_attributes("dtype, shape, values", {"constant", 0, 0, infer_constant, nullptr, nullptr}),
      with_attributes(kVariableAttributes, {"variable", 0, 0, infer_variable, nullptr, nullptr}),
  };
}

}  // namespace holdfast
