// Address space without memory behind it, for views of more than 2^31 elements: a page is taken
// when it is touched, so that a test that touches few of them runs anywhere.
#pragma once

#include <sys/mman.h>

#include <cstdint>
#include <new>

namespace holdfast::reference {

// One more than the largest number of 32 bits with a sign, and without one.
constexpr std::int64_t kBeyondInt32 = std::int64_t{1} << 31;
constexpr std::int64_t kBeyondUInt32 = std::int64_t{1} << 32;

// `count` elements that read as zeros. Throws: std::bad_alloc.
template <typename T>
class FarMemory {
 public:
  explicit FarMemory(std::int64_t count)
      : bytes_(static_cast<std::size_t>(count) * sizeof(T)),
        data_(mmap(nullptr, bytes_, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {
    if (data_ == MAP_FAILED) throw std::bad_alloc();
    // A huge page would be 512 times the memory of what a row needs.
    madvise(data_, bytes_, MADV_NOHUGEPAGE);
  }
  FarMemory(const FarMemory&) = delete;
  FarMemory& operator=(const FarMemory&) = delete;
  ~FarMemory() { munmap(data_, bytes_); }

  T* data() const { return static_cast<T*>(data_); }

 private:
  std::size_t bytes_;
  void* data_;
};

}  // namespace holdfast::reference
