// From a dtype known when a program is planned to a kernel compiled for it.
#pragma once

#include <memory>
#include <string>

#include "graph/op.h"

namespace holdfast {

template <typename T>
struct TypeTag {
  using type = T;
};

[[noreturn]] inline void no_kernel_for(const KernelContext& context, DType dtype) {
  throw Error(Code::kUnimplemented, "node \"" + context.node.name + "\" (" + context.node.op +
                                        "): there is no kernel for " + dtype_name(dtype) +
                                        "; cast its input");
}

// Calls make(TypeTag<T>{}), which answers with a kernel, for the C++ type of `dtype`.
template <typename Make>
std::unique_ptr<OpKernel> dispatch_float(const KernelContext& context, DType dtype,
                                         const Make& make) {
  if (dtype == DType::kFloat32) return make(TypeTag<float>{});
  if (dtype == DType::kFloat64) return make(TypeTag<double>{});
  no_kernel_for(context, dtype);
}

template <typename Make>
std::unique_ptr<OpKernel> dispatch_integer(const KernelContext& context, DType dtype,
                                           const Make& make) {
  if (dtype == DType::kInt32) return make(TypeTag<std::int32_t>{});
  if (dtype == DType::kInt64) return make(TypeTag<std::int64_t>{});
  no_kernel_for(context, dtype);
}

template <typename Make>
std::unique_ptr<OpKernel> dispatch_number(const KernelContext& context, DType dtype,
                                          const Make& make) {
  if (dtype == DType::kInt32 || dtype == DType::kInt64) {
    return dispatch_integer(context, dtype, make);
  }
  return dispatch_float(context, dtype, make);
}

template <typename Make>
std::unique_ptr<OpKernel> dispatch_any(const KernelContext& context, DType dtype,
                                       const Make& make) {
  if (dtype == DType::kBool) return make(TypeTag<bool>{});
  if (dtype == DType::kString) return make(TypeTag<std::string>{});
  return dispatch_number(context, dtype, make);
}

}  // namespace holdfast
