// T6, second half: random damage of a checkpoint of several MB.
#pragma once

#include "outcome.h"

namespace holdfast::durability {

// `size` damages in memory, and a 500th as many of files on disk. The seed and the number of a
// damage decide it, whatever the threads do.
Outcome random_damage(const Setting& setting);

}  // namespace holdfast::durability
