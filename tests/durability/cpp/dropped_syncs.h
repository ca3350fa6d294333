// T3, turned round: each fsync of the protocol is left out in turn, and a power cut must then break
// a promise. One whose loss nobody notices is not needed, or the model of the disk is too kind.
#pragma once

#include "outcome.h"

namespace holdfast::durability {

// Says in its details which promise breaks without which fsync. setting.size has no meaning.
Outcome dropped_syncs(const Setting& setting);

}  // namespace holdfast::durability
