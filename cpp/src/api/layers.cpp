#include "holdfast/layers.h"

#include <algorithm>
#include <utility>

#include "graph/op.h"
#include "holdfast/error.h"

namespace holdfast {
namespace {

[[noreturn]] void fail(const std::string& text) { throw Error(Code::kInvalidArgument, text); }

// What every variable node is told.
Attributes described(const Shape& shape, const VariableOptions& options, const char* role) {
  Attributes attributes = options.numbers;
  attributes["dtype"] = std::string(dtype_name(options.dtype));
  attributes["shape"] = shape;
  attributes["initializer"] = options.initializer;
  attributes["trainable"] = options.trainable;
  attributes["role"] = std::string(role);
  return attributes;
}

// float32 [batch, width] of a feature [batch] or [batch, n, ...].
NodeId numeric_part(Graph& graph, NodeId feature) {
  const Node& node = graph.node(feature);
  const Shape& shape = node.type.shape;
  std::int64_t width = 1;
  for (std::size_t i = 1; i < shape.size(); ++i) width = shape[i] < 0 ? -1 : width * shape[i];
  if (node.type.dtype == DType::kString || shape.empty() || width < 1) {
    fail("input_layer: feature \"" + node.name +
         "\": expected numbers of shape [batch] or [batch, n]; got " + dtype_name(node.type.dtype) +
         " " + shape_text(shape));
  }
  const std::string name = "input_layer/" + node.name;
  NodeId value = feature;
  if (node.type.dtype != DType::kFloat32) {
    value = graph.add("cast", {value}, {{"dtype", std::string("float32")}}, name + "/ToFloat");
  }
  return graph.add("reshape", {value}, {{"shape", Shape{-1, width}}}, name + "/Reshape");
}

// Before a layer's variables are made: the name would be taken where the mistake is corrected.
void expect_activation(const std::string& layer, const std::string& activation) {
  if (activation == "linear") return;
  try {
    find_op(activation);
  } catch (const Error& error) {
    fail("dense \"" + layer + "\", activation: " + error.what());
  }
}

}  // namespace

NodeId placeholder(Graph& graph, const std::string& name, DType dtype, Shape shape) {
  return graph.add("placeholder", {},
                   {{"dtype", std::string(dtype_name(dtype))}, {"shape", std::move(shape)}}, name);
}

NodeId variable(Graph& graph, const std::string& name, const Shape& shape,
                const VariableOptions& options) {
  if (name.empty() || graph.find(name) != kNoNode) {
    fail("variable \"" + name + "\": expected a name that is free; give every layer its own");
  }
  return graph.add("variable", {}, described(shape, options, "variable"), name);
}

NodeId global_step(Graph& graph) {
  const NodeId existing = graph.find("global_step");
  if (existing != kNoNode) return existing;
  const VariableOptions options{DType::kInt64, "zeros", {}, false};
  return graph.add("variable", {}, described({}, options, "global_step"), "global_step");
}

NodeId input_layer(Graph& graph, const std::vector<NodeId>& features) {
  if (features.empty()) fail("input_layer: expected at least one feature; got none");
  std::vector<NodeId> sorted = features;
  std::sort(sorted.begin(), sorted.end(),
            [&](NodeId a, NodeId b) { return graph.node(a).name < graph.node(b).name; });
  std::vector<NodeId> parts;
  parts.reserve(sorted.size());
  for (const NodeId feature : sorted) parts.push_back(numeric_part(graph, feature));
  return graph.add("concat", std::move(parts), {{"axis", std::int64_t{1}}}, "input_layer/concat");
}

NodeId dense(Graph& graph, NodeId inputs, std::int64_t units, const std::string& name,
             const DenseOptions& options) {
  const Shape shape = graph.node(inputs).type.shape;
  if (shape.size() != 2 || shape[1] < 0 || units < 1) {
    fail("dense \"" + name +
         "\": expected inputs [batch, n] of a known n, and units of at least "
         "1; got " +
         shape_text(shape) + " and " + std::to_string(units));
  }
  if (name.empty()) fail("dense: expected a name, as in \"dnn/logits\"; got none");
  expect_activation(name, options.activation);
  VariableOptions kernel;
  kernel.initializer = options.kernel_initializer;
  std::vector<NodeId> operands = {inputs,
                                  variable(graph, name + "/kernel", {shape[1], units}, kernel)};
  if (options.use_bias) {
    VariableOptions bias;
    bias.initializer = options.bias_initializer;
    operands.push_back(variable(graph, name + "/bias", {units}, bias));
  }
  const NodeId sum = graph.add("dense", operands, {}, name + "/BiasAdd");
  if (options.activation == "linear") return sum;
  return graph.add(options.activation, {sum}, {}, name + "/activation");
}

}  // namespace holdfast
