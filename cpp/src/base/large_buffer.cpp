#include "base/large_buffer.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <new>

namespace holdfast {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::size_t kPage = 4096;

std::size_t round_up(std::size_t bytes, std::size_t unit) {
  if (bytes > SIZE_MAX - unit) throw std::bad_alloc();
  return (bytes + unit - 1) / unit * unit;
}

unsigned char* map(std::size_t bytes) {
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  return static_cast<unsigned char*>(memory);
}

}  // namespace

// The first touch of 4 KiB costs about as much as copying them; of 2 MiB at once, a fraction. Huge
// pages start at multiples of their size, so more is mapped and both ends are given back.
LargeBuffer::LargeBuffer(std::size_t bytes) {
  if (bytes == 0) return;
  if (bytes < kHugePage) {
    size_ = round_up(bytes, kPage);
    data_ = map(size_);
    return;
  }
  const std::size_t wanted = round_up(bytes, kHugePage);
  unsigned char* mapped = map(round_up(wanted + kHugePage, kHugePage));
  const std::size_t before =
      (kHugePage - reinterpret_cast<std::uintptr_t>(mapped) % kHugePage) % kHugePage;
  if (before > 0) ::munmap(mapped, before);
  if (before < kHugePage) ::munmap(mapped + before + wanted, kHugePage - before);
  data_ = mapped + before;
  size_ = wanted;
#if defined(MADV_HUGEPAGE)
  ::madvise(data_, size_, MADV_HUGEPAGE);  // a hint
#endif
}

LargeBuffer::~LargeBuffer() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

std::shared_ptr<void> aligned_memory(std::size_t bytes) {
  if (bytes >= kHugePagesFrom) {
    auto buffer = std::make_shared<LargeBuffer>(bytes);
    return {buffer, buffer->data()};
  }
  constexpr std::align_val_t kAlignment{64};
  void* memory = ::operator new(std::max<std::size_t>(bytes, 1), kAlignment);
  return {memory, [=](void* p) { ::operator delete(p, kAlignment); }};
}

}  // namespace holdfast
