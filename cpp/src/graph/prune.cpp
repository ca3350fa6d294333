#include "graph/prune.h"

#include <cstddef>

namespace holdfast {

std::vector<NodeId> needed_by(const Graph& graph, const std::vector<NodeId>& wanted) {
  const auto size = static_cast<std::size_t>(graph.size());
  std::vector<bool> needed(size, false);
  for (const NodeId id : wanted) {
    graph.node(id);  // throws for an id that is not in the graph
    needed[static_cast<std::size_t>(id)] = true;
  }
  for (NodeId id = graph.size() - 1; id >= 0; --id) {
    if (!needed[static_cast<std::size_t>(id)]) continue;
    for (const NodeId input : graph.node(id).inputs) needed[static_cast<std::size_t>(input)] = true;
  }
  std::vector<NodeId> nodes;
  for (NodeId id = 0; id < graph.size(); ++id)
    if (needed[static_cast<std::size_t>(id)]) nodes.push_back(id);
  return nodes;
}

PrunedGraph prune(const Graph& graph, const std::vector<NodeId>& wanted) {
  PrunedGraph pruned;
  pruned.node_of.assign(static_cast<std::size_t>(graph.size()), kNoNode);
  for (const NodeId id : needed_by(graph, wanted)) {
    const Node& node = graph.node(id);
    std::vector<NodeId> inputs;
    inputs.reserve(node.inputs.size());
    for (const NodeId input : node.inputs)
      inputs.push_back(pruned.node_of[static_cast<std::size_t>(input)]);
    pruned.node_of[static_cast<std::size_t>(id)] =
        pruned.graph.add(node.op, std::move(inputs), node.attributes, node.name);
  }
  return pruned;
}

}  // namespace holdfast
