// Which of many cases a run takes, and when it has seen enough.
#pragma once

#include <algorithm>
#include <cstdint>

#include "outcome.h"

namespace holdfast::durability {

// With the argument --first, one violation is enough.
inline bool is_enough(const Setting& setting, const Outcome& outcome) {
  return !outcome.violations.empty() &&
         std::find(setting.more.begin(), setting.more.end(), "--first") != setting.more.end();
}

// All, or some that are spread evenly and differ by seed.
class Cases {
 public:
  // `total`: how many there are. setting.size: how many to take; 0: all.
  Cases(const Setting& setting, std::int64_t total)
      : stride_(setting.size > 0 && setting.size < total ? total / setting.size : 1),
        phase_(static_cast<std::int64_t>(setting.seed) % stride_) {}

  // Called once for each case, in the same order every time.
  bool take() { return next_++ % stride_ == phase_; }

 private:
  std::int64_t stride_;
  std::int64_t phase_;
  std::int64_t next_ = 0;
};

}  // namespace holdfast::durability
