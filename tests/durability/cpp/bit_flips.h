// T6, first half: every single bit of every file of a small checkpoint.
#pragma once

#include "outcome.h"

namespace holdfast::durability {

// In memory: every bit of a checkpoint of all dtypes in two shards. On disk, through the writer
// that users have: `size` bits evenly chosen, or all of them (0).
Outcome bit_flips(const Setting& setting);

}  // namespace holdfast::durability
