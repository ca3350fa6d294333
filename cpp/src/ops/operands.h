// What the shape rules of many operations ask of their inputs.
#pragma once

#include <string>

#include "graph/op.h"

namespace holdfast {

// float32, float64, int32, int64: the dtypes that arithmetic knows.
inline bool is_number(DType dtype) {
  return dtype == DType::kFloat32 || dtype == DType::kFloat64 || dtype == DType::kInt32 ||
         dtype == DType::kInt64;
}
inline bool is_number_float(DType dtype) {
  return dtype == DType::kFloat32 || dtype == DType::kFloat64;
}
inline bool is_id(DType dtype) { return dtype == DType::kInt32 || dtype == DType::kInt64; }
// Every dtype that a node may have.
inline bool is_graph_dtype(DType dtype) {
  return is_number(dtype) || dtype == DType::kBool || dtype == DType::kString;
}

// A set of dtypes and the words for it in a message.
struct DTypeSet {
  bool (*holds)(DType);
  const char* words;
};
constexpr DTypeSet kNumbers{is_number, "float32, float64, int32 or int64"};
constexpr DTypeSet kFloats{is_number_float, "float32 or float64"};
constexpr DTypeSet kIds{is_id, "int32 or int64"};
constexpr DTypeSet kAnything{is_graph_dtype, "float32, float64, int32, int64, bool or string"};
constexpr DTypeSet kBools{[](DType dtype) { return dtype == DType::kBool; }, "bool"};
constexpr DTypeSet kStrings{[](DType dtype) { return dtype == DType::kString; }, "string"};
constexpr DTypeSet kFloat32Only{[](DType dtype) { return dtype == DType::kFloat32; }, "float32"};

inline void expect_dtype(const InferContext& context, std::size_t input, const DTypeSet& set) {
  const DType found = context.inputs[input].dtype;
  if (!set.holds(found)) {
    context.fail("input " + std::to_string(input) + ": expected " + set.words + "; got " +
                 dtype_name(found) + "; cast it first");
  }
}

// Inputs first and first + 1, ... all have one dtype.
inline void expect_one_dtype(const InferContext& context, std::size_t first = 0) {
  for (std::size_t i = first + 1; i < context.inputs.size(); ++i) {
    if (context.inputs[i].dtype != context.inputs[first].dtype) {
      context.fail("expected inputs of one dtype; got " +
                   std::string(dtype_name(context.inputs[first].dtype)) + " and " +
                   dtype_name(context.inputs[i].dtype) + "; cast one of them");
    }
  }
}

inline void expect_scalar(const InferContext& context, std::size_t input, const char* what) {
  if (!context.inputs[input].shape.empty()) {
    context.fail(std::string(what) + ": expected a scalar; got shape " +
                 shape_text(context.inputs[input].shape));
  }
}

// Whether tensors of these shapes may have the same sizes: true where they are not known.
inline bool may_equal(const Shape& a, const Shape& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] >= 0 && b[i] >= 0 && a[i] != b[i]) return false;
  }
  return true;
}

inline void expect_shape(const InferContext& context, std::size_t input, const char* what,
                         const Shape& expected) {
  if (!may_equal(context.inputs[input].shape, expected)) {
    context.fail(std::string(what) + ": expected shape " + shape_text(expected) + "; got " +
                 shape_text(context.inputs[input].shape));
  }
}

inline bool all_known(const Shape& shape) {
  for (const std::int64_t size : shape) {
    if (size < 0) return false;
  }
  return true;
}

// An axis of -rank .. rank - 1, counted from the front.
inline std::size_t axis_of(const InferContext& context, std::int64_t axis, std::size_t rank) {
  const auto count = static_cast<std::int64_t>(rank);
  if (axis < -count || axis >= count) {
    context.fail("expected an axis in " + std::to_string(-count) + ".." +
                 std::to_string(count - 1) + " for rank " + std::to_string(rank) + "; got " +
                 std::to_string(axis));
  }
  return static_cast<std::size_t>(axis < 0 ? axis + count : axis);
}

// The same for a node that has passed its shape rule.
inline std::size_t known_axis(std::int64_t axis, std::size_t rank) {
  return static_cast<std::size_t>(axis < 0 ? axis + static_cast<std::int64_t>(rank) : axis);
}

// Product of the sizes of axes begin .. end - 1. Requires: no -1.
inline std::int64_t sizes_product(const Shape& shape, std::size_t begin, std::size_t end) {
  std::int64_t product = 1;
  for (std::size_t i = begin; i < end; ++i) product *= shape[i];
  return product;
}

}  // namespace holdfast
