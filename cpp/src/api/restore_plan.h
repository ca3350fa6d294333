// Decides what a restore takes from a checkpoint, before it takes anything.
#pragma once

#include "holdfast/trainer.h"
#include "runtime/state.h"

namespace holdfast {

// Throws: CheckpointMismatchError, naming every difference. Pure.
RestoreReport plan_restore(const State& state, const CheckpointReader& reader,
                           const RestoreOptions& options);

}  // namespace holdfast
