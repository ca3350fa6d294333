// Signatures of an exported model: their JSON form in the manifest, and what makes one whole.
//   {"<name>": {"method": ..., "inputs": {"<name>": "<node>"}, "outputs": {"<name>": "<node>"}}}
#pragma once

#include <vector>

#include "base/json.h"
#include "holdfast/graph.h"
#include "holdfast/model.h"

namespace holdfast {

Json signatures_to_json(const std::vector<Signature>& signatures, const Graph& graph);

// Checked against the graph, sorted by name. Throws: InvalidArgument, naming signature and tensor.
std::vector<Signature> signatures_from_json(const Json& json, const Graph& graph);

// At least one; each name once; inputs are placeholders, and the outputs need no other one.
// Throws: InvalidArgument, naming signature and tensor.
void check_signatures(const std::vector<Signature>& signatures, const Graph& graph);

}  // namespace holdfast
