// The JSON form of a graph:
//   {"nodes": [{"name", "op", "inputs": [index, ...], "attributes": {key: {kind: value}}, "dtype",
//   "shape"}]}
// `kind` is one letter for the attribute's type, so that 1 and 1.0, and the three empty lists, stay
// apart.

#include "base/json.h"
#include "graph/op.h"

namespace holdfast {
namespace {

template <typename T>
constexpr const char* kKind = "";
template <>
constexpr const char* kKind<bool> = "b";
template <>
constexpr const char* kKind<std::int64_t> = "i";
template <>
constexpr const char* kKind<double> = "f";
template <>
constexpr const char* kKind<std::string> = "s";
template <>
constexpr const char* kKind<std::vector<std::int64_t>> = "is";
template <>
constexpr const char* kKind<std::vector<double>> = "fs";
template <>
constexpr const char* kKind<std::vector<std::string>> = "ss";

template <typename T>
Json json_of(const T& value) {
  return Json(value);
}
template <typename T>
Json json_of(const std::vector<T>& values) {
  Json list = Json::array();
  for (const T& value : values) list.push_back(Json(value));
  return list;
}

Json attribute_json(const Attribute& attribute) {
  return std::visit(
      [](const auto& value) {
        Json tagged = Json::object();
        tagged.set(kKind<std::decay_t<decltype(value)>>, json_of(value));
        return tagged;
      },
      attribute);
}

void read_element(const Json& json, std::int64_t& value) { value = json.as_int(); }
void read_element(const Json& json, double& value) { value = json.as_number(); }
void read_element(const Json& json, std::string& value) { value = json.as_string(); }

template <typename T>
std::vector<T> list_of(const Json& json) {
  std::vector<T> values;
  for (const Json& element : json.as_array()) {
    T value{};
    read_element(element, value);
    values.push_back(std::move(value));
  }
  return values;
}

Attribute attribute_from(const std::string& node, const std::string& key, const Json& json) {
  if (json.is_object() && json.as_object().size() == 1) {
    const auto& [kind, value] = json.as_object()[0];
    if (kind == "b") return value.as_bool();
    if (kind == "i") return value.as_int();
    if (kind == "f") return value.as_number();
    if (kind == "s") return value.as_string();
    if (kind == "is") return list_of<std::int64_t>(value);
    if (kind == "fs") return list_of<double>(value);
    if (kind == "ss") return list_of<std::string>(value);
  }
  throw Error(Code::kInvalidArgument, "graph, node \"" + node + "\", attribute \"" + key +
                                          "\": expected {kind: value} with kind b, i, f, s, is, fs "
                                          "or ss; got " +
                                          to_text(json));
}

std::vector<NodeId> inputs_from(const std::string& node, const Json& json, NodeId before) {
  std::vector<NodeId> inputs;
  for (const std::int64_t id : list_of<std::int64_t>(json)) {
    if (id < 0 || id >= before) {
      throw Error(Code::kInvalidArgument,
                  "graph, node \"" + node + "\": expected inputs among the " +
                      std::to_string(before) + " nodes before it; got " + std::to_string(id));
    }
    inputs.push_back(static_cast<NodeId>(id));
  }
  return inputs;
}

void expect_type(const Node& node, const Json& json) {
  const std::string dtype = json.at("dtype").as_string();
  const Shape shape = list_of<std::int64_t>(json.at("shape"));
  if (dtype == dtype_name(node.type.dtype) && shape == node.type.shape) return;
  throw Error(Code::kInvalidArgument,
              "graph, node \"" + node.name + "\": expected " + dtype_name(node.type.dtype) + " " +
                  shape_text(node.type.shape) + ", which its inputs give; got " + dtype + " " +
                  shape_text(shape));
}

}  // namespace

std::string Graph::to_json() const {
  Json nodes = Json::array();
  for (const Node& node : nodes_) {
    Json attributes = Json::object();
    for (const auto& [key, value] : node.attributes) attributes.set(key, attribute_json(value));
    Json inputs = Json::array();
    for (const NodeId input : node.inputs) inputs.push_back(Json(std::int64_t{input}));
    Json json = Json::object();
    json.set("name", node.name);
    json.set("op", node.op);
    json.set("inputs", std::move(inputs));
    json.set("attributes", std::move(attributes));
    json.set("dtype", dtype_name(node.type.dtype));
    json.set("shape", json_of(node.type.shape));
    nodes.push_back(std::move(json));
  }
  Json graph = Json::object();
  graph.set("nodes", std::move(nodes));
  return to_text(graph);
}

Graph Graph::from_json(std::string_view text) {
  const Json json = parse_json(text);
  Graph graph;
  for (const Json& item : json.at("nodes").as_array()) {
    const std::string name = item.at("name").as_string();
    if (graph.find(name) != kNoNode) {
      throw Error(Code::kInvalidArgument,
                  "graph: expected unique node names; got \"" + name + "\" twice");
    }
    Attributes attributes;
    for (const auto& [key, value] : item.at("attributes").as_object()) {
      attributes.emplace(key, attribute_from(name, key, value));
    }
    const NodeId id =
        graph.add(item.at("op").as_string(), inputs_from(name, item.at("inputs"), graph.size()),
                  std::move(attributes), name);
    expect_type(graph.node(id), item);
  }
  return graph;
}

}  // namespace holdfast
