#include "holdfast/tensor.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/large_buffer.h"
#include "holdfast/error.h"

namespace holdfast {
namespace {

std::shared_ptr<void> zeros(std::size_t bytes) {
  std::shared_ptr<void> memory = aligned_memory(bytes);
  if (bytes < kHugePagesFrom) std::memset(memory.get(), 0, bytes);
  return memory;
}

// The elements, where their bytes can be counted, too. An allocation would be told a small rest.
std::int64_t addressable_count(DType dtype, const Shape& shape) {
  const std::int64_t count = element_count(shape);
  const std::size_t each = dtype == DType::kString ? sizeof(std::string) : dtype_size(dtype);
  std::int64_t bytes = 0;
  if (!__builtin_mul_overflow(count, each, &bytes)) return count;
  throw Error(Code::kInvalidArgument, "shape " + shape_text(shape) + ": expected elements of " +
                                          dtype_name(dtype) + " whose bytes fit int64");
}

}  // namespace

Tensor::Tensor(DType dtype, Shape shape)
    : dtype_(dtype), shape_(std::move(shape)), size_(addressable_count(dtype_, shape_)) {
  if (dtype_ == DType::kString) {
    auto strings = std::make_shared<std::vector<std::string>>(static_cast<std::size_t>(size_));
    storage_ = std::shared_ptr<void>(strings, strings->data());
  } else {
    storage_ = zeros(bytes());
  }
}

void* Tensor::raw() noexcept { return storage_.get(); }
const void* Tensor::raw() const noexcept { return storage_.get(); }

Tensor Tensor::clone() const {
  Tensor copy(dtype_, shape_);
  if (dtype_ == DType::kString) {
    std::copy_n(data<std::string>(), size_, copy.data<std::string>());
  } else if (size_ > 0) {
    std::memcpy(copy.raw(), raw(), bytes());
  }
  return copy;
}

Tensor Tensor::borrow(DType dtype, Shape shape, void* data, const std::shared_ptr<void>& owner) {
  Tensor view;
  view.dtype_ = dtype;
  view.shape_ = std::move(shape);
  view.size_ = addressable_count(dtype, view.shape_);
  view.storage_ = std::shared_ptr<void>(owner, data);
  return view;
}

}  // namespace holdfast
