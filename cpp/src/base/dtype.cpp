#include <array>

#include "holdfast/error.h"
#include "holdfast/tensor.h"

namespace holdfast {
namespace {

struct DTypeFacts {
  const char* name;
  std::size_t size;
};

// In the order of DType.
constexpr std::array<DTypeFacts, 16> kFacts = {{{"bool", 1},
                                                {"int8", 1},
                                                {"uint8", 1},
                                                {"int16", 2},
                                                {"uint16", 2},
                                                {"float16", 2},
                                                {"bfloat16", 2},
                                                {"int32", 4},
                                                {"uint32", 4},
                                                {"float32", 4},
                                                {"int64", 8},
                                                {"uint64", 8},
                                                {"float64", 8},
                                                {"complex64", 8},
                                                {"complex128", 16},
                                                {"string", 0}}};

}  // namespace

const char* dtype_name(DType dtype) noexcept {
  return kFacts[static_cast<std::size_t>(dtype)].name;
}

std::size_t dtype_size(DType dtype) noexcept {
  return kFacts[static_cast<std::size_t>(dtype)].size;
}

DType dtype_from_name(std::string_view name) {
  std::string known;
  for (std::size_t i = 0; i < kFacts.size(); ++i) {
    if (name == kFacts[i].name) return static_cast<DType>(i);
    known += (i == 0 ? "" : ", ") + std::string(kFacts[i].name);
  }
  throw Error(Code::kInvalidArgument,
              "dtype: expected one of " + known + "; got \"" + std::string(name) + "\"");
}

bool is_floating(DType dtype) noexcept {
  return dtype == DType::kFloat32 || dtype == DType::kFloat64 || dtype == DType::kFloat16 ||
         dtype == DType::kBFloat16;
}

bool is_integer(DType dtype) noexcept {
  switch (dtype) {
    case DType::kInt8:
    case DType::kUInt8:
    case DType::kInt16:
    case DType::kUInt16:
    case DType::kInt32:
    case DType::kUInt32:
    case DType::kInt64:
    case DType::kUInt64:
      return true;
    default:
      return false;
  }
}

std::string shape_text(const Shape& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) text += ", ";
    text += shape[i] < 0 ? "?" : std::to_string(shape[i]);
  }
  return text + "]";
}

std::int64_t element_count(const Shape& shape) {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) {
    if (size < 0 || __builtin_mul_overflow(count, size, &count)) {
      throw Error(Code::kInvalidArgument,
                  "shape " + shape_text(shape) + ": expected known sizes whose product fits int64");
    }
  }
  return count;
}

}  // namespace holdfast
