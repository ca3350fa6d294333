// The functions that libFuzzer calls, for the one target this program is built for.
#include <algorithm>
#include <cstring>

#include "fuzz/targets.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max);

namespace {
const holdfast::durability::FuzzTarget& target = holdfast::durability::HOLDFAST_FUZZ_TARGET;
}

// Fast: stacks of allocations are kept for no findings but leaks and uses after free, whose input
// is there to be run again with ASAN_OPTIONS=malloc_context_size=30.
extern "C" const char* __asan_default_options() {  // NOLINT(bugprone-reserved-identifier): its name
  return "malloc_context_size=0:quarantine_size_mb=1:thread_local_quarantine_size_kb=64:"
         "max_malloc_fill_size=0";
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  target.run(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max, unsigned seed) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  const std::string changed = target.mutate(input, seed, LLVMFuzzerMutate);
  const std::size_t count = std::min(changed.size(), max);
  std::memcpy(data, changed.data(), count);
  return count;
}
