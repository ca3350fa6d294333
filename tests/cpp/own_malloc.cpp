#include "own_malloc.h"

#include <cerrno>
#include <cstdlib>

namespace {
thread_local int allocations = 0;
constexpr int kAnyNumber = -1;
thread_local int left = kAnyNumber;  // allocations that succeed
}  // namespace

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace {
bool counted() noexcept {
  ++allocations;
  if (left == kAnyNumber) return true;
  if (left == 0) return false;
  --left;
  return true;
}
}  // namespace

// NOLINTBEGIN(bugprone-reserved-identifier,readability-inconsistent-declaration-parameter-name):
// the C library's own names
extern "C" void* __libc_malloc(std::size_t);
extern "C" void* __libc_calloc(std::size_t, std::size_t);
extern "C" void* __libc_realloc(void*, std::size_t);
extern "C" void* __libc_memalign(std::size_t, std::size_t);
extern "C" void* malloc(std::size_t size) noexcept {
  if (!counted()) return nullptr;
  return __libc_malloc(size);
}
extern "C" void* calloc(std::size_t count, std::size_t size) noexcept {
  if (!counted()) return nullptr;
  return __libc_calloc(count, size);
}
extern "C" void* realloc(void* memory, std::size_t size) noexcept {
  if (!counted()) return nullptr;
  return __libc_realloc(memory, size);
}
extern "C" void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  if (!counted()) return nullptr;
  return __libc_memalign(alignment, size);
}
extern "C" int posix_memalign(void** memory, std::size_t alignment, std::size_t size) noexcept {
  if (!counted()) return ENOMEM;
  *memory = __libc_memalign(alignment, size);
  return *memory == nullptr ? ENOMEM : 0;
}
// NOLINTEND(bugprone-reserved-identifier,readability-inconsistent-declaration-parameter-name)

namespace holdfast {
bool has_own_malloc() noexcept { return true; }
}  // namespace holdfast

#else

namespace holdfast {
bool has_own_malloc() noexcept { return false; }
}  // namespace holdfast

#endif

namespace holdfast {

int allocations_so_far() noexcept { return allocations; }

ScopedNoMemory::ScopedNoMemory(int but) noexcept { left = but; }
ScopedNoMemory::~ScopedNoMemory() { left = kAnyNumber; }

}  // namespace holdfast
