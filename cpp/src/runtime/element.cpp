#include "runtime/element.h"

#include <algorithm>
#include <cstring>
#include <string>

namespace holdfast {

void TensorElement::copy(int component, void* destination) const {
  const Tensor& tensor = at(component);
  copy_elements(tensor.dtype(), tensor.raw(), destination, tensor.size());
}

void copy_elements(DType dtype, const void* from, void* to, std::int64_t count) {
  if (dtype == DType::kString) {
    std::copy_n(static_cast<const std::string*>(from), count, static_cast<std::string*>(to));
  } else if (count > 0) {
    std::memcpy(to, from, static_cast<std::size_t>(count) * dtype_size(dtype));
  }
}

}  // namespace holdfast
