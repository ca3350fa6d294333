#include "base/cpu_features.h"

#include <cstdlib>

#include "holdfast/error.h"

namespace holdfast {

CpuFeatures cpu_features() noexcept {
  CpuFeatures features;
#if defined(__x86_64__)
  // GCC and Clang check XCR0 too: a set the operating system does not save counts as absent.
  __builtin_cpu_init();
  const bool fma = __builtin_cpu_supports("fma") != 0;
  features.avx2_fma = fma && __builtin_cpu_supports("avx2") != 0;
  features.avx512 =
      fma && __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
      __builtin_cpu_supports("avx512dq") != 0 && __builtin_cpu_supports("avx512vl") != 0;
#elif defined(__aarch64__)
  features.neon = true;
#endif
  return features;
}

std::string requested_isa() {
  const char* value = std::getenv("HOLDFAST_ISA");
  return value == nullptr ? "" : value;
}

void throw_unknown_isa(const std::string& name, const std::vector<std::string>& runnable) {
  std::string list;
  for (const std::string& isa : runnable) list += (list.empty() ? "" : ", ") + isa;
  throw Error(Code::kInvalidArgument,
              "instruction set (HOLDFAST_ISA): expected one that this machine can run (" + list +
                  "), got \"" + name + "\". Unset HOLDFAST_ISA to use the best one.",
              {{"expected", list}, {"found", name}});
}

}  // namespace holdfast
