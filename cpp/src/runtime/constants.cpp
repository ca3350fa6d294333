#include "runtime/constants.h"

#include "graph/op.h"

namespace holdfast {
namespace {

template <typename T, typename From>
void fill_as(Tensor& tensor, const std::vector<From>& values) {
  T* out = tensor.data<T>();
  const bool one = values.size() == 1;
  for (std::int64_t i = 0; i < tensor.size(); ++i) {
    out[i] = static_cast<T>(values[one ? 0 : static_cast<std::size_t>(i)]);
  }
}

void expect_count(const Tensor& tensor, std::size_t count) {
  if (count == 1 || static_cast<std::int64_t>(count) == tensor.size()) return;
  throw Error(Code::kInvalidArgument, "tensor of shape " + shape_text(tensor.shape()) +
                                          ": expected 1 or " + std::to_string(tensor.size()) +
                                          " values; got " + std::to_string(count));
}

// int64 values beyond 2^53 must not pass through double.
template <typename From>
void fill_numbers(Tensor& tensor, const std::vector<From>& values) {
  expect_count(tensor, values.size());
  switch (tensor.dtype()) {
    case DType::kBool:
      return fill_as<bool>(tensor, values);
    case DType::kInt8:
      return fill_as<std::int8_t>(tensor, values);
    case DType::kUInt8:
      return fill_as<std::uint8_t>(tensor, values);
    case DType::kInt16:
      return fill_as<std::int16_t>(tensor, values);
    case DType::kUInt16:
      return fill_as<std::uint16_t>(tensor, values);
    case DType::kInt32:
      return fill_as<std::int32_t>(tensor, values);
    case DType::kUInt32:
      return fill_as<std::uint32_t>(tensor, values);
    case DType::kInt64:
      return fill_as<std::int64_t>(tensor, values);
    case DType::kUInt64:
      return fill_as<std::uint64_t>(tensor, values);
    case DType::kFloat32:
      return fill_as<float>(tensor, values);
    case DType::kFloat64:
      return fill_as<double>(tensor, values);
    default:
      throw Error(Code::kInvalidArgument, std::string("constant: expected a number dtype; got ") +
                                              dtype_name(tensor.dtype()));
  }
}

}  // namespace

void fill_elements(Tensor& tensor, const std::vector<double>& values) {
  fill_numbers(tensor, values);
}

Tensor constant_value(const Node& constant) {
  const AttributeReader attributes(constant.name, constant.attributes);
  Tensor tensor(constant.type.dtype, constant.type.shape);
  if (tensor.dtype() == DType::kString) {
    const auto& values = attributes.get<std::vector<std::string>>("values");
    expect_count(tensor, values.size());
    for (std::int64_t i = 0; i < tensor.size(); ++i) {
      tensor.data<std::string>()[i] = values[values.size() == 1 ? 0 : static_cast<std::size_t>(i)];
    }
    return tensor;
  }
  const Attribute& values = constant.attributes.at("values");
  if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&values)) {
    fill_numbers(tensor, *integers);
  } else {
    fill_numbers(tensor, attributes.numbers("values"));
  }
  return tensor;
}

}  // namespace holdfast
