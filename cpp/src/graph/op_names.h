// The names of the closed list of operations.
#pragma once

#include <string>
#include <vector>

namespace holdfast {

// Sorted.
std::vector<std::string> op_names();

}  // namespace holdfast
