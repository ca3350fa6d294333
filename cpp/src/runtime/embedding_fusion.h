// Embedding lookups and their updates, joined with their neighbours in the planned list.
#pragma once

#include <vector>

#include "holdfast/graph.h"

namespace holdfast {

// An optimizer's update of a table by a gradient that nothing else needs becomes one of the touched
// rows, and reads its columns from the gradient of the concatenation. A concatenation of lookups
// that nothing else needs looks up straight into its own columns. `nodes` are in topological order;
// wanted[i]: the value of node i is asked for. Nodes that lost their users stay in the list.
// Results are the same, bit for bit.
void fuse_embeddings(std::vector<Node>& nodes, const std::vector<bool>& wanted);

}  // namespace holdfast
