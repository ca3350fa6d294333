// What the processor of this machine can run, and which instruction set the user asked for.
#pragma once

#include <string>
#include <vector>

namespace holdfast {

// True when both the processor and the operating system (saved registers) support the set.
struct CpuFeatures {
  bool avx2_fma = false;  // AVX2 and FMA3
  bool avx512 = false;    // AVX-512 F, BW, DQ, VL, and FMA3
  bool neon = false;      // Advanced SIMD of AArch64, always there
};
CpuFeatures cpu_features() noexcept;

// The value of HOLDFAST_ISA; "" when it is unset or empty.
std::string requested_isa();

// Throws: Error{kInvalidArgument} naming the value, and the names this machine can run.
[[noreturn]] void throw_unknown_isa(const std::string& name,
                                    const std::vector<std::string>& runnable);

}  // namespace holdfast
