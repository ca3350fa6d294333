// Tensors from the numbers and strings that a node's attributes list.
#pragma once

#include <vector>

#include "holdfast/graph.h"

namespace holdfast {

// Fills a tensor of numbers or bools with values[i], or all of it with the only value.
// Throws: InvalidArgument when neither 1 nor size() values are given, or the dtype takes no
// numbers.
void fill_elements(Tensor& tensor, const std::vector<double>& values);

// The value of a node of op "constant".
Tensor constant_value(const Node& constant);

}  // namespace holdfast
