// How much memory a program would take, found from shapes alone: a graph from a file may ask for
// any amount.
#pragma once

#include <vector>

#include "holdfast/graph.h"
#include "runtime/program.h"

namespace holdfast {

// All values of a plan together. More is a mistake, or an attack: no machine of today has it.
constexpr double kMaxPlanBytes = 4398046511104.0;  // 4 TiB

// Infers every shape that `wanted` needs with these feeds. Throws: InvalidArgument where they do
// not fit together; ResourceExhausted, naming the node that is too much.
void check_plan_size(const Graph& graph, const std::vector<NodeId>& wanted,
                     const std::vector<Feed>& feeds, double most = kMaxPlanBytes);

}  // namespace holdfast
