#include "runtime/joined_feeds.h"

#include <variant>

#include "graph/op.h"

namespace holdfast {
namespace {

// Whether a concat puts the columns of matrices side by side.
bool joins_columns(const Node& node) {
  if (node.op != "concat" || node.type.shape.size() != 2) return false;
  const auto axis = std::get<std::int64_t>(node.attributes.at("axis"));
  return (axis == 1 || axis == -1) && node.type.dtype != DType::kString;
}

}  // namespace

std::map<NodeId, JoinedFeed> find_joined_feeds(const std::vector<Node>& nodes,
                                               const std::vector<NodeId>& order,
                                               const std::vector<bool>& wanted,
                                               const std::set<NodeId>& by_rows) {
  const auto index = [](NodeId i) { return static_cast<std::size_t>(i); };
  std::vector<int> users(nodes.size(), 0);
  for (const NodeId i : order) {
    for (const NodeId input : nodes[index(i)].inputs) ++users[index(input)];
  }
  const auto used_once = [&](NodeId i) { return users[index(i)] == 1 && !wanted[index(i)]; };

  std::map<NodeId, JoinedFeed> found;
  for (const NodeId join : order) {
    const Node& node = nodes[index(join)];
    if (!joins_columns(node)) continue;
    const auto width = static_cast<std::int64_t>(dtype_size(node.type.dtype));
    const std::int64_t row_stride = node.type.shape[1] * width;
    std::int64_t offset = 0;
    for (const NodeId input : node.inputs) {
      NodeId source = input;
      while (used_once(source) && find_op(nodes[index(source)].op).is_view) {
        source = nodes[index(source)].inputs[0];
      }
      // A view keeps the order of elements: rows stay rows where their number is the same.
      const Shape& shape = nodes[index(source)].type.shape;
      const bool same_rows = !shape.empty() && shape[0] == node.type.shape[0];
      if (used_once(source) && same_rows && by_rows.count(source) > 0) {
        found[source] = {join, offset, row_stride};
      }
      offset += nodes[index(input)].type.shape[1] * width;
    }
  }
  return found;
}

}  // namespace holdfast
