// The graph as TensorBoard's Graphs page reads it: an encoded GraphDef of names, operations and
// edges. For looking at; nothing loads it.
#pragma once

#include <string>

#include "holdfast/graph.h"

namespace holdfast {

std::string graph_def(const Graph& graph);

}  // namespace holdfast
