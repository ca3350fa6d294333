// The first value of a variable, as its node describes it.
#pragma once

#include <cstdint>

#include "holdfast/graph.h"

namespace holdfast {

// `variable` is a node of op "variable". Random values are a function of (seed, name, element
// index) alone. Throws: InvalidArgument naming the variable for an unknown initializer or bad
// numbers.
Tensor initial_value(const Node& variable, std::uint64_t seed);

}  // namespace holdfast
