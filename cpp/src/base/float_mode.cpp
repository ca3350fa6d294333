#include "base/float_mode.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// Not inline: a call is what keeps the compiler from moving arithmetic across a change of mode.
namespace holdfast {

#if defined(__x86_64__)

namespace {
constexpr std::uint64_t kFlags = 0x003F;     // MXCSR: sticky exception flags
constexpr std::uint64_t kMasked = 0x1F80;    // no exception traps; round to nearest
constexpr std::uint64_t kFlushing = 0x8040;  // FTZ for results, DAZ for operands
}  // namespace

FloatMode FloatMode::current() noexcept {
  const std::uint64_t word = _mm_getcsr();
  return {word & ~kFlags, word & kFlags};
}
FloatMode FloatMode::computing() noexcept { return {kMasked | kFlushing, 0}; }
void FloatMode::set() const noexcept { _mm_setcsr(static_cast<unsigned>(control_ | flags_)); }

#elif defined(__aarch64__)

namespace {
constexpr std::uint64_t kFlushing = std::uint64_t{1} << 24;  // FPCR.FZ, operands and results
}

FloatMode FloatMode::current() noexcept {
  std::uint64_t control = 0;
  std::uint64_t flags = 0;
  __asm__ volatile("mrs %0, fpcr" : "=r"(control));
  __asm__ volatile("mrs %0, fpsr" : "=r"(flags));
  return {control, flags};
}
FloatMode FloatMode::computing() noexcept { return {kFlushing, 0}; }
void FloatMode::set() const noexcept {
  __asm__ volatile("msr fpcr, %0" : : "r"(control_) : "memory");
  __asm__ volatile("msr fpsr, %0" : : "r"(flags_) : "memory");
}

#else

FloatMode FloatMode::current() noexcept { return {0, 0}; }
FloatMode FloatMode::computing() noexcept { return {0, 0}; }
void FloatMode::set() const noexcept {}

#endif

}  // namespace holdfast
