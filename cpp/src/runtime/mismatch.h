// Says what keeps a checkpoint from fitting a model: every difference at once, in the user's words.
#pragma once

#include <string>
#include <vector>

#include "holdfast/checkpoint.h"
#include "runtime/state.h"

namespace holdfast {

// Throws CheckpointMismatchError unless every variable of the state (local ones aside) is in the
// checkpoint with its dtype and shape, and the checkpoint has no others. Slots are compared only
// when `with_slots`. Pure.
void expect_match(const State& state, const std::vector<TensorInfo>& stored, bool with_slots,
                  const std::string& path, const std::string& model_json);

}  // namespace holdfast
