#include "runtime/arena.h"

#include <algorithm>

namespace holdfast {
namespace {

constexpr std::int64_t kAlignment = 64;  // a cache line, an AVX-512 register

struct Placed {
  std::int64_t begin;
  std::int64_t end;
};

}  // namespace

ArenaLayout lay_out(const std::vector<Lifetime>& values) {
  ArenaLayout layout;
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::vector<Placed> taken;
    for (std::size_t j = 0; j < i; ++j) {
      if (values[j].first <= values[i].last && values[i].first <= values[j].last) {
        taken.push_back({layout.offsets[j], layout.offsets[j] + values[j].bytes});
      }
    }
    std::sort(taken.begin(), taken.end(),
              [](const Placed& a, const Placed& b) { return a.begin < b.begin; });
    std::int64_t offset = 0;
    for (const Placed& place : taken) {
      if (offset + values[i].bytes <= place.begin) break;
      offset = std::max(offset, (place.end + kAlignment - 1) / kAlignment * kAlignment);
    }
    layout.offsets.push_back(offset);
    layout.bytes = std::max(layout.bytes, offset + values[i].bytes);
  }
  return layout;
}

}  // namespace holdfast
