// Reads the shape of a canned DNN from the names and shapes of its variables, to say in the user's
// words what has changed between two of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "holdfast/checkpoint.h"
#include "runtime/state.h"

namespace holdfast {

struct DnnShape {
  std::optional<std::int64_t> inputs;      // rows of the first kernel
  std::vector<std::int64_t> hidden_units;  // columns of dnn/hiddenlayer_<i>/kernel
  std::optional<std::int64_t> logits;      // size of dnn/logits/bias

  static DnnShape of(const std::vector<TensorInfo>& stored);
  static DnnShape of(const State& state);
};

// "hidden_units changed from [128, 64] to [128, 64, 32]; ..."; "" when either is no canned DNN or
// nothing differs. model_json is the checkpoint's: its head says whether logits are classes.
std::string likely_cause(const DnnShape& stored, const DnnShape& model,
                         const std::string& model_json);

}  // namespace holdfast
