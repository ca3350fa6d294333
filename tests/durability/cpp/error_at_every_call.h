// T4: every call to the file system of every scenario, and of a restore, fails in each of nine
// ways, once and from then on.
#pragma once

#include "outcome.h"

namespace holdfast::durability {

// setting.size: how many cases, spread evenly; 0: all.
Outcome error_at_every_call(const Setting& setting);

}  // namespace holdfast::durability
