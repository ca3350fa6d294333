// T16: thousands of saves and restores, some of them failing, leave nothing behind.
#pragma once

#include "outcome.h"

namespace holdfast::durability {

// setting.size: how many saves, each with a restore.
Outcome leaks(const Setting& setting);

}  // namespace holdfast::durability
