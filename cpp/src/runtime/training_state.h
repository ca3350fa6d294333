// The "state" member of a checkpoint's manifest: what continues a run bit for bit, beside the
// tensors.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "holdfast/input.h"

namespace holdfast {

// The random streams (one seed; the step is the counter), the position of `input` (nullptr: none),
// and the members of `more`, a JSON object. Throws: InvalidArgument when `more` is not one.
std::string training_state_json(std::uint64_t seed, std::int64_t step, const Input* input,
                                const std::string& more);

// The seed that a checkpoint's state names; `fallback` when it names none (a checkpoint made from
// arrays).
std::uint64_t stored_seed(const std::string& state_json, std::uint64_t fallback);

// Where a run was in its input.
struct InputPosition {
  std::int64_t consumed = 0;  // elements that its steps have seen
  std::uint32_t order = 0;    // as Input::order
  std::string fingerprint;    // as Input::fingerprint
};

// The position that a checkpoint's state holds; nothing when it holds none.
std::optional<InputPosition> stored_position(const std::string& state_json);

}  // namespace holdfast
