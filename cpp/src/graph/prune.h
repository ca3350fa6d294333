// The part of a graph that some nodes need.
#pragma once

#include <vector>

#include "holdfast/graph.h"

namespace holdfast {

struct PrunedGraph {
  Graph graph;                  // the needed nodes in their order, under their names
  std::vector<NodeId> node_of;  // by node of the old graph; kNoNode: left out
};

// The nodes that `wanted` need, themselves included, in the graph's order. Throws: InvalidArgument
// for an id that is not in the graph.
std::vector<NodeId> needed_by(const Graph& graph, const std::vector<NodeId>& wanted);

// Throws: as needed_by.
PrunedGraph prune(const Graph& graph, const std::vector<NodeId>& wanted);

}  // namespace holdfast
