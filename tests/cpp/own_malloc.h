// The malloc of the test program, operator new included: it stands before that of the C library,
// counts, and fails when told to.
#pragma once

namespace holdfast {

// False with sanitizers, which have one of their own, and other C libraries.
bool has_own_malloc() noexcept;

// Of the calling thread.
int allocations_so_far() noexcept;

// While it lives, the calling thread gets no memory, but for so many allocations.
class ScopedNoMemory {
 public:
  explicit ScopedNoMemory(int but = 0) noexcept;
  ~ScopedNoMemory();
  ScopedNoMemory(const ScopedNoMemory&) = delete;
  ScopedNoMemory& operator=(const ScopedNoMemory&) = delete;
};

}  // namespace holdfast
