// An array of billions of elements in a few megabytes: the same pages over and over, and at its end
// pages of its own, by which a test sees that a kernel came that far and no further.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <new>

namespace holdfast::reference {

template <typename T>
class RingMemory {
 public:
  static constexpr std::int64_t kPeriod = (std::int64_t{4} << 20) / sizeof(T);  // 4 MiB

  // `count` elements that read as zeros. Element i is element i + kPeriod, except for the last
  // own() of them, kPeriod or more. Throws: std::bad_alloc.
  explicit RingMemory(std::int64_t count)
      : count_(count), ring_(count / kPeriod - 1), bytes_((ring_ + 2) * kBytes) {
    const int file = memfd_create("ring", 0);
    if (file < 0 || ftruncate(file, kBytes) != 0) throw std::bad_alloc();
    data_ =
        static_cast<char*>(mmap(nullptr, static_cast<std::size_t>(bytes_), PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    if (data_ == MAP_FAILED) throw std::bad_alloc();
    for (std::int64_t i = 0; i < ring_; ++i) {
      if (mmap(data_ + i * kBytes, kBytes, PROT_READ | PROT_WRITE,
               MAP_SHARED | MAP_FIXED | MAP_POPULATE, file, 0) == MAP_FAILED) {
        throw std::bad_alloc();
      }
    }
    close(file);
  }
  RingMemory(const RingMemory&) = delete;
  RingMemory& operator=(const RingMemory&) = delete;
  ~RingMemory() { munmap(data_, static_cast<std::size_t>(bytes_)); }

  T* data() const { return reinterpret_cast<T*>(data_); }
  std::int64_t size() const { return count_; }
  // Where the elements begin that are not repeated, and how many they are.
  std::int64_t own_from() const { return ring_ * kPeriod; }
  std::int64_t own() const { return count_ - own_from(); }

 private:
  static constexpr std::int64_t kBytes = std::int64_t{4} << 20;
  std::int64_t count_;
  std::int64_t ring_;
  std::int64_t bytes_;
  char* data_ = nullptr;
};

}  // namespace holdfast::reference
