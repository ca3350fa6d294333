// Field numbers: tensorflow/core/framework/graph.proto, node_def.proto, attr_value.proto,
// tensor_shape.proto, types.proto, versions.proto.
#include "graph/graph_def.h"

#include "base/wire.h"

namespace holdfast {
namespace {

// GraphDef
constexpr int kNode = 1;
constexpr int kVersions = 4;
constexpr int kProducer = 1;
constexpr int kProducerOfTf1 = 27;
// NodeDef
constexpr int kName = 1;
constexpr int kOp = 2;
constexpr int kInput = 3;
constexpr int kAttr = 5;
// A map entry, AttrValue, its list, and TensorShapeProto
constexpr int kKey = 1;
constexpr int kValue = 2;
constexpr int kAttrList = 1;
constexpr int kAttrType = 6;
constexpr int kListShape = 7;
constexpr int kDim = 2;
constexpr int kDimSize = 1;

int type_number(DType dtype) {
  switch (dtype) {
    case DType::kFloat32:
      return 1;
    case DType::kFloat64:
      return 2;
    case DType::kInt32:
      return 3;
    case DType::kString:
      return 7;
    case DType::kInt64:
      return 9;
    case DType::kBool:
      return 10;
    default:
      return 0;
  }
}

void add_attribute(WireWriter& node, const char* key, const WireWriter& value) {
  WireWriter entry;
  entry.bytes(kKey, key).message(kValue, value);
  node.message(kAttr, entry);
}

// _output_shapes is what TensorBoard writes along the edges.
void add_type(WireWriter& node, const TensorType& type) {
  WireWriter dtype;
  dtype.integer(kAttrType, type_number(type.dtype));
  add_attribute(node, "dtype", dtype);
  WireWriter shape;
  for (const std::int64_t size : type.shape) {
    WireWriter dim;
    dim.integer(kDimSize, size);
    shape.message(kDim, dim);
  }
  WireWriter list;
  list.message(kListShape, shape);
  WireWriter shapes;
  shapes.message(kAttrList, list);
  add_attribute(node, "_output_shapes", shapes);
}

}  // namespace

std::string graph_def(const Graph& graph) {
  WireWriter whole;
  for (NodeId id = 0; id < graph.size(); ++id) {
    const Node& node = graph.node(id);
    WireWriter message;
    message.bytes(kName, node.name).bytes(kOp, node.op);
    for (const NodeId input : node.inputs) message.bytes(kInput, graph.node(input).name);
    add_type(message, node.type);
    whole.message(kNode, message);
  }
  WireWriter versions;
  versions.integer(kProducer, kProducerOfTf1);
  whole.message(kVersions, versions);
  return whole.text();
}

}  // namespace holdfast
