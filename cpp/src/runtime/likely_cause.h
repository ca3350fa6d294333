// Guesses, in the user's words, what has changed between a checkpoint's model and the one that is
// built now: from what canned models and heads say of themselves, else from the names and shapes of
// their layers.
#pragma once

#include <string>
#include <vector>

#include "holdfast/checkpoint.h"
#include "runtime/state.h"
#include "runtime/state_comparison.h"

namespace holdfast {

// One of the two sides of a comparison.
struct StoredModel {
  const std::vector<TensorInfo>& tensors;
  const std::string& facts_json;  // the manifest's "model"
};
struct BuiltModel {
  const State& state;
  const std::string& facts_json;  // what the manifest's "model" would be now
};

// "n_classes was 3 when this checkpoint was written and is 5 now; hidden_units changed from [128,
// 64] to [128, 64, 32]"; "" when unsure.
std::string likely_cause(const StateComparison& comparison, const StoredModel& stored,
                         const BuiltModel& built);

}  // namespace holdfast
