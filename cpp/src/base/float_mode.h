// The floating-point mode of a thread, and the one that programs compute in.
//
// Arithmetic on denormal numbers can take a hundred times as long, and nothing that trains needs
// it: inside a program they count as zero, as operands and as results. The caller's mode is his own
// and comes back at the end. Comparisons and arithmetic see zeros on every processor; an operation
// that only moves a number (a copy, a selection) moves a denormal as it is.
//
// Bits: x86 calls a result tiny after rounding it, AArch64 before. They differ where the exact
// result lies within 2^-151 below the least normal number, 2^-126: x86 rounds it up to that,
// AArch64 flushes it.
#pragma once

#include <cstdint>

namespace holdfast {

class FloatMode {
 public:
  static FloatMode current() noexcept;  // of the calling thread, with its sticky flags
  // Rounds to nearest, traps nothing, denormals count as zero.
  static FloatMode computing() noexcept;
  void set() const noexcept;  // of the calling thread

  bool operator==(const FloatMode& other) const { return control_ == other.control_; }

 private:
  FloatMode(std::uint64_t control, std::uint64_t flags) : control_(control), flags_(flags) {}
  std::uint64_t control_;
  std::uint64_t flags_;
};

// Sets a mode for as long as it lives, then the one it found.
class ScopedFloatMode {
 public:
  explicit ScopedFloatMode(const FloatMode& mode) noexcept : before_(FloatMode::current()) {
    mode.set();
  }
  ~ScopedFloatMode() { before_.set(); }
  ScopedFloatMode(const ScopedFloatMode&) = delete;
  ScopedFloatMode& operator=(const ScopedFloatMode&) = delete;

 private:
  FloatMode before_;
};

}  // namespace holdfast
