// Lays values of known lifetimes out in one block of memory.
#pragma once

#include <cstdint>
#include <vector>

namespace holdfast {

// A value of `bytes` bytes that exists from step `first` to step `last` of a program, both
// included.
struct Lifetime {
  std::int64_t bytes;
  int first;
  int last;
};

struct ArenaLayout {
  std::vector<std::int64_t> offsets;  // of each value, multiples of 64
  std::int64_t bytes = 0;             // of the whole block
};

// Values whose lifetimes meet do not overlap. First fit, in the order given: the lowest free place.
ArenaLayout lay_out(const std::vector<Lifetime>& values);

}  // namespace holdfast
