// Watches one execution of a fuzz target: processor time, memory, and what it throws.
#pragma once

#include <cstddef>
#include <string>

#include "holdfast/error.h"

namespace holdfast::durability {

// Prints why and aborts: a finding.
[[noreturn]] void broken_promise(const std::string& what);

// From its making to its end. Memory is counted in builds with AddressSanitizer, as the sum of all
// allocations, which no peak exceeds.
class Guard {
 public:
  explicit Guard(std::size_t input_bytes);
  ~Guard();
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

 private:
  std::size_t input_bytes_;
  double began_;
};

// Runs `attempt`; false when it threw a typed error of reading. Other errors are findings.
template <typename Attempt>
bool succeeds(const Attempt& attempt) {
  try {
    attempt();
    return true;
  } catch (const Error& error) {
    // Running out of memory or of file descriptors has a code and no kind.
    if (error.kind().empty() && error.code() != Code::kResourceExhausted)
      broken_promise(std::string("an error without a kind: ") + error.what());
    return false;
  }
}

}  // namespace holdfast::durability
