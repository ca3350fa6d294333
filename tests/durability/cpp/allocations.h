// operator new of this program, which can be told to fail.
#pragma once

#include <cstdint>

namespace holdfast::durability {

// While it lives, the n-th allocation of this thread throws std::bad_alloc, once.
class AllocationFault {
 public:
  explicit AllocationFault(std::int64_t n);
  ~AllocationFault();
  AllocationFault(const AllocationFault&) = delete;
  AllocationFault& operator=(const AllocationFault&) = delete;

  // Whether the last one of this thread has come to its allocation.
  static bool reached();
};

}  // namespace holdfast::durability
