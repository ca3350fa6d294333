// Says what keeps a checkpoint from fitting a model: every difference at once, in the user's words.
#pragma once

#include <string>

#include "holdfast/error.h"
#include "runtime/state_comparison.h"

namespace holdfast {

// Where the two sides of a comparison come from.
struct MismatchContext {
  std::string path;          // of the checkpoint
  std::string likely_cause;  // see likely_cause.h; "" when unsure
  bool trains = true;        // or the model only predicts or evaluates
};

// The CheckpointMismatchError of a comparison that has differences. Slots are spoken of only when
// `with_slots`. Pure.
Error mismatch_error(const StateComparison& comparison, bool with_slots,
                     const MismatchContext& context);

}  // namespace holdfast
