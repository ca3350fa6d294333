// How a count is cut into blocks and tiles.
#pragma once

#include <cstdint>

namespace holdfast::kernels {
namespace {

constexpr std::int64_t smaller(std::int64_t a, std::int64_t b) { return a < b ? a : b; }
constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }
constexpr std::int64_t round_up(std::int64_t a, std::int64_t to) { return ceil_div(a, to) * to; }

// `count` cut into the fewest parts of at most `most`, as even as they can be.
struct EvenParts {
  std::int64_t parts;
  std::int64_t size;   // of the small parts
  std::int64_t large;  // so many parts, the first ones, are one larger

  EvenParts(std::int64_t count, std::int64_t most)
      : parts(count > 0 ? ceil_div(count, most) : 0),
        size(count > 0 ? count / parts : 0),
        large(count - size * parts) {}
  std::int64_t begin(std::int64_t part) const { return part * size + smaller(part, large); }
  std::int64_t length(std::int64_t part) const { return size + (part < large ? 1 : 0); }
};

}  // namespace
}  // namespace holdfast::kernels
