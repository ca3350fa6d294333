#include "fuzz/guard.h"

#include <time.h>

#include <cstdio>
#include <cstdlib>

// GCC has AddressSanitizer without this header: there, time alone is watched.
#if __has_include(<sanitizer/allocator_interface.h>)
#if defined(__SANITIZE_ADDRESS__)
#define HOLDFAST_COUNTS_MEMORY 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HOLDFAST_COUNTS_MEMORY 1
#endif
#endif
#endif

#ifdef HOLDFAST_COUNTS_MEMORY
#include <sanitizer/allocator_interface.h>
#endif

namespace holdfast::durability {
namespace {

constexpr double kMostSeconds = 1;
constexpr std::size_t kMostBytes = std::size_t{64} << 20;

std::size_t allocated = 0;  // targets run on one thread

double processor_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

#ifdef HOLDFAST_COUNTS_MEMORY
void count(const volatile void*, std::size_t size) { allocated += size; }
void ignore(const volatile void*) {}
const int installed = __sanitizer_install_malloc_and_free_hooks(count, ignore);
#endif

}  // namespace

void broken_promise(const std::string& what) {
  std::fprintf(stderr, "broken promise: %s\n", what.c_str());
  std::abort();
}

Guard::Guard(std::size_t input_bytes) : input_bytes_(input_bytes), began_(processor_seconds()) {
#ifdef HOLDFAST_COUNTS_MEMORY
  if (installed == 0) broken_promise("allocations cannot be counted");
#endif
  allocated = 0;
}

Guard::~Guard() {
  const double seconds = processor_seconds() - began_;
  if (seconds > kMostSeconds) broken_promise(std::to_string(seconds) + " s for one input");
  if (allocated > kMostBytes + input_bytes_)
    broken_promise(std::to_string(allocated) + " bytes allocated for one input of " +
                   std::to_string(input_bytes_));
}

}  // namespace holdfast::durability
