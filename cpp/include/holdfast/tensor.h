// Element types, shapes and the tensor that owns its elements.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "holdfast/export.h"

namespace holdfast {

// The closed list of the checkpoint format. kString elements are byte strings of any length.
enum class DType : std::uint8_t {
  kBool,
  kInt8,
  kUInt8,
  kInt16,
  kUInt16,
  kFloat16,
  kBFloat16,
  kInt32,
  kUInt32,
  kFloat32,
  kInt64,
  kUInt64,
  kFloat64,
  kComplex64,
  kComplex128,
  kString,
};

// "float32", "int64", "string", ...
HOLDFAST_API const char* dtype_name(DType dtype) noexcept;
// Throws: InvalidArgument, listing the known names.
HOLDFAST_API DType dtype_from_name(std::string_view name);
// Bytes of one element; 0 for kString.
HOLDFAST_API std::size_t dtype_size(DType dtype) noexcept;
HOLDFAST_API bool is_floating(DType dtype) noexcept;
HOLDFAST_API bool is_integer(DType dtype) noexcept;

// Sizes by axis, outermost first. In a graph -1 stands for a size that is known only when running.
using Shape = std::vector<std::int64_t>;

// "[2, 3]"; -1 is printed as "?".
HOLDFAST_API std::string shape_text(const Shape& shape);
// Product of the sizes. Requires: no -1. Throws: InvalidArgument when it overflows int64.
HOLDFAST_API std::int64_t element_count(const Shape& shape);

// Owns a dense row-major array; numbers start at a 64-byte boundary and are zero when created.
// Copies share the elements; clone() makes others. Not thread-safe while somebody writes. One that
// was moved from may be assigned or destroyed, and nothing else.
class HOLDFAST_API Tensor {
 public:
  Tensor() = default;  // float32 of shape [0]
  // Throws: InvalidArgument for a size below 0, and for more bytes than int64 counts;
  // std::bad_alloc.
  Tensor(DType dtype, Shape shape);

  DType dtype() const noexcept { return dtype_; }
  const Shape& shape() const noexcept { return shape_; }
  std::int64_t size() const noexcept { return size_; }  // elements
  std::size_t bytes() const noexcept {
    return static_cast<std::size_t>(size_) * dtype_size(dtype_);
  }

  // Numbers: the elements' bytes. kString: the address of size() std::string. data<T>() does not
  // look at dtype(): T is float, double, std::int32_t, std::int64_t, bool, std::string, ...
  void* raw() noexcept;
  const void* raw() const noexcept;
  template <typename T>
  T* data() noexcept {
    return static_cast<T*>(raw());
  }
  template <typename T>
  const T* data() const noexcept {
    return static_cast<const T*>(raw());
  }

  Tensor clone() const;
  // A tensor over memory that somebody else owns, of size() elements; `owner` keeps it alive, and
  // may be null where the caller does. Throws: InvalidArgument as the constructor.
  static Tensor borrow(DType dtype, Shape shape, void* data, const std::shared_ptr<void>& owner);

 private:
  DType dtype_ = DType::kFloat32;
  Shape shape_ = {0};
  std::int64_t size_ = 0;
  std::shared_ptr<void> storage_;  // copies of a Tensor share it; clone() separates
};

}  // namespace holdfast
