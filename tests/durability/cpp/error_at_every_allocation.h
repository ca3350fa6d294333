// T4, of memory: every allocation of a save, a restore, a recovery, ... fails in turn.
#pragma once

#include "outcome.h"

namespace holdfast::durability {

// setting.size: one allocation in so many; 0: all.
Outcome error_at_every_allocation(const Setting& setting);

}  // namespace holdfast::durability
