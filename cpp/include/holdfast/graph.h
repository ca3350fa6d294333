// The graph: a flat list of operations in topological order. Every computation of the library -
// training, evaluation, prediction, export - is one such list.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "holdfast/export.h"
#include "holdfast/tensor.h"

namespace holdfast {

using NodeId = std::int32_t;
constexpr NodeId kNoNode = -1;

// What an operation is told when it is built. Numbers are int64 or double, whatever the caller's
// width.
using Attribute = std::variant<bool, std::int64_t, double, std::string, std::vector<std::int64_t>,
                               std::vector<double>, std::vector<std::string>>;
using Attributes = std::map<std::string, Attribute>;

// What is known of a node's value before running: sizes of -1 are known only when running.
struct TensorType {
  DType dtype = DType::kFloat32;
  Shape shape;
};

// One operation with one result.
struct Node {
  std::string name;  // unique in the graph
  std::string op;    // a name of the closed list, cpp/src/ops/OPS.md
  std::vector<NodeId> inputs;
  Attributes attributes;
  TensorType type;
};

// Builds and holds the list. Not thread-safe while nodes are being added.
class HOLDFAST_API Graph {
 public:
  // Appends a node and infers its type. `name` defaults to the op's and gets "_1", "_2", ... when
  // taken. Throws: InvalidArgument for an unknown op, wrong inputs, shapes or attributes; the text
  // names the node.
  NodeId add(const std::string& op, std::vector<NodeId> inputs, Attributes attributes = {},
             const std::string& name = "");

  // For each node of `wrt`, the gradient of the scalar (or summed) float node `y`: kNoNode where y
  // does not depend on it through differentiable operations. Appends the gradient's nodes to the
  // graph.
  std::vector<NodeId> gradients(NodeId y, const std::vector<NodeId>& wrt);

  const Node& node(NodeId id) const;
  std::int32_t size() const noexcept { return static_cast<std::int32_t>(nodes_.size()); }
  // kNoNode when there is none of that name.
  NodeId find(std::string_view name) const;

  // The JSON form, part of an exported model. from_json infers every type again and throws
  // InvalidArgument where the text disagrees.
  std::string to_json() const;
  static Graph from_json(std::string_view text);

 private:
  std::deque<Node> nodes_;  // references stay good while nodes are added
  std::map<std::string, NodeId, std::less<>> by_name_;
};

}  // namespace holdfast
