#include "allocations.h"

#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

thread_local std::int64_t remaining = 0;
thread_local bool failed = false;

void* allocate(std::size_t size, std::size_t alignment) {
  if (remaining > 0 && --remaining == 0) {
    failed = true;
    throw std::bad_alloc();
  }
  const std::size_t rounded = (size + alignment - 1) / alignment * alignment;  // of aligned_alloc
  void* memory = alignment <= alignof(std::max_align_t)
                     ? std::malloc(size == 0 ? 1 : size)
                     : std::aligned_alloc(alignment, rounded == 0 ? alignment : rounded);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

// Arrays and the nothrow forms of the standard library come here, too.
void* operator new(std::size_t size) { return allocate(size, 1); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace holdfast::durability {

AllocationFault::AllocationFault(std::int64_t n) {
  remaining = n;
  failed = false;
}

AllocationFault::~AllocationFault() { remaining = 0; }

bool AllocationFault::reached() { return failed; }

}  // namespace holdfast::durability
