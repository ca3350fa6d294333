#include "api/plan_size.h"

#include <algorithm>
#include <map>

#include "graph/op.h"
#include "graph/prune.h"
#include "holdfast/error.h"

namespace holdfast {

void check_plan_size(const Graph& graph, const std::vector<NodeId>& wanted,
                     const std::vector<Feed>& feeds, double most) {
  std::map<NodeId, TensorType> types;
  for (const Feed& feed : feeds)
    types[feed.placeholder] = {graph.node(feed.placeholder).type.dtype, feed.shape};
  double bytes = 0;
  for (const NodeId id : needed_by(graph, wanted)) {
    const Node& node = graph.node(id);
    TensorType& type = types[id];
    if (node.op != "placeholder") {
      std::vector<TensorType> inputs;
      inputs.reserve(node.inputs.size());
      for (const NodeId input : node.inputs) inputs.push_back(types.at(input));
      type = find_op(node.op).infer({node.name, inputs, {node.name, node.attributes}});
    }
    double size = type.dtype == DType::kString ? static_cast<double>(sizeof(std::string))
                                               : static_cast<double>(dtype_size(type.dtype));
    for (const std::int64_t axis : type.shape) size *= static_cast<double>(axis);
    bytes += size;
    if (bytes > most)
      throw Error(Code::kResourceExhausted,
                  "node \"" + node.name + "\": expected values of at most " +
                      std::to_string(static_cast<std::int64_t>(most)) +
                      " bytes altogether; got more with its " + dtype_name(type.dtype) + " " +
                      shape_text(type.shape) + ". Predict in smaller batches.",
                  {{"node", node.name}});
  }
}

}  // namespace holdfast
