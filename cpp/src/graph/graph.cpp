#include "holdfast/graph.h"

#include <utility>

#include "graph/op.h"

namespace holdfast {
namespace {

std::string unique_name(const std::map<std::string, NodeId, std::less<>>& taken,
                        const std::string& wanted) {
  if (taken.count(wanted) == 0) return wanted;
  for (int i = 1;; ++i) {
    std::string candidate = wanted + "_" + std::to_string(i);
    if (taken.count(candidate) == 0) return candidate;
  }
}

std::string range_text(int least, int most) {
  if (most < 0) return "at least " + std::to_string(least);
  if (least == most) return std::to_string(least);
  return std::to_string(least) + " to " + std::to_string(most);
}

void check_attributes(const Node& node, const OpDef& def) {
  for (const auto& [key, value] : node.attributes) {
    if (has_attribute(def, key)) continue;
    const std::string known = def.attributes;
    throw Error(Code::kInvalidArgument,
                "node \"" + node.name + "\" (" + node.op + "): expected " +
                    (known.empty() ? "no attributes" : "the attributes " + known) + "; got \"" +
                    key + "\"");
  }
}

}  // namespace

NodeId Graph::add(const std::string& op, std::vector<NodeId> inputs, Attributes attributes,
                  const std::string& name) {
  const OpDef& def = find_op(op);
  if (def.is_of_programs)
    throw Error(Code::kInvalidArgument, "node \"" + (name.empty() ? op : name) +
                                            "\": expected an operation that a graph may hold; " +
                                            "got \"" + op + "\", which programs alone make");
  Node node;
  node.name = unique_name(by_name_, name.empty() ? op : name);
  node.op = op;
  node.inputs = std::move(inputs);
  node.attributes = std::move(attributes);

  const int count = static_cast<int>(node.inputs.size());
  if (count < def.min_inputs || (def.max_inputs >= 0 && count > def.max_inputs)) {
    throw Error(Code::kInvalidArgument, "node \"" + node.name + "\" (" + op + "): expected " +
                                            range_text(def.min_inputs, def.max_inputs) +
                                            " inputs; got " + std::to_string(count));
  }
  check_attributes(node, def);
  std::vector<TensorType> types;
  types.reserve(node.inputs.size());
  for (const NodeId input : node.inputs) types.push_back(this->node(input).type);
  node.type = def.infer({node.name, types, AttributeReader(node.name, node.attributes)});

  const NodeId id = size();
  by_name_.emplace(node.name, id);
  nodes_.push_back(std::move(node));
  return id;
}

const Node& Graph::node(NodeId id) const {
  if (id < 0 || id >= size()) {
    throw Error(Code::kInvalidArgument,
                "graph: expected " +
                    (nodes_.empty() ? std::string("a node, of which there is none")
                                    : "a node id in 0.." + std::to_string(size() - 1)) +
                    "; got " + std::to_string(id));
  }
  return nodes_[static_cast<std::size_t>(id)];
}

NodeId Graph::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? kNoNode : found->second;
}

}  // namespace holdfast
