// Memory for large tensors and for copies of whole states: taken from the system in huge pages
// where there are any, not cleared by us, given back whole. Not thread-safe.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

namespace holdfast {

// From here on memory is worth mapping by itself: one huge page. Rows at a stride are then found
// without a walk through page tables, which costs a product up to a tenth of its time.
constexpr std::size_t kHugePagesFrom = std::size_t{2} << 20;

class LargeBuffer {
 public:
  LargeBuffer() = default;
  // `bytes` bytes that read as zeros, each page taken when it is first touched. Throws:
  // std::bad_alloc.
  explicit LargeBuffer(std::size_t bytes);
  ~LargeBuffer();
  LargeBuffer(LargeBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  LargeBuffer& operator=(LargeBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }

  unsigned char* data() const noexcept { return data_; }  // at a page boundary; null when empty
  std::size_t size() const noexcept { return size_; }     // at least what was asked for

 private:
  unsigned char* data_ = nullptr;
  std::size_t size_ = 0;
};

// Memory at a 64-byte boundary (a cache line, an AVX-512 register): zeros in huge pages from
// kHugePagesFrom on, else whatever it holds. Throws: std::bad_alloc.
std::shared_ptr<void> aligned_memory(std::size_t bytes);

}  // namespace holdfast
