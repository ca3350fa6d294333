#include "graph/json_form.h"

#include <cmath>
#include <type_traits>
#include <utility>

#include "base/utf8.h"
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

// ---- values that become tensors ------------------------------------------------------------

constexpr std::size_t kLongList = 64;  // elements; shorter ones are easier to read in place

bool fits_text(bool) { return true; }
bool fits_text(std::int64_t) { return true; }
bool fits_text(double value) { return std::isfinite(value); }
bool fits_text(const std::string& value) { return is_utf8(value); }
template <typename T>
bool fits_text(const std::vector<T>& values) {
  for (const T& value : values)
    if (!fits_text(value)) return false;
  return values.size() <= kLongList;
}

template <typename T>
constexpr DType kStored = DType::kString;
template <>
constexpr DType kStored<std::int64_t> = DType::kInt64;
template <>
constexpr DType kStored<double> = DType::kFloat64;

Tensor tensor_of(bool) { return {}; }  // fits_text() is always true
template <typename T>
Tensor tensor_of(const T& value) {
  Tensor tensor(kStored<T>, {});
  *tensor.data<T>() = value;
  return tensor;
}
template <typename T>
Tensor tensor_of(const std::vector<T>& values) {
  Tensor tensor(kStored<T>, {static_cast<std::int64_t>(values.size())});
  std::copy(values.begin(), values.end(), tensor.data<T>());
  return tensor;
}

template <typename T>
Attribute attribute_of(const Tensor& tensor) {
  const T* values = tensor.data<T>();
  if (tensor.shape().empty()) return *values;
  return std::vector<T>(values, values + tensor.size());
}

Attribute stored_attribute(const std::string& where, const std::string& name,
                           const FindTensor& find) {
  if (find == nullptr)
    throw Error(Code::kInvalidArgument,
                where + ": expected a value in the text; got the tensor \"" + name + "\"");
  const Tensor tensor = find(name);
  if (tensor.shape().size() <= 1) {
    if (tensor.dtype() == DType::kString) return attribute_of<std::string>(tensor);
    if (tensor.dtype() == DType::kInt64) return attribute_of<std::int64_t>(tensor);
    if (tensor.dtype() == DType::kFloat64) return attribute_of<double>(tensor);
  }
  throw Error(Code::kInvalidArgument,
              where + ": expected the tensor \"" + name +
                  "\" to be a scalar or list of int64, float64 or string; got " +
                  dtype_name(tensor.dtype()) + " " + shape_text(tensor.shape()));
}

Json attribute_json(const Node& node, const std::string& key, const Attribute& attribute,
                    const KeepTensor& keep) {
  return std::visit(
      [&](const auto& value) {
        Json tagged = Json::object();
        if (keep != nullptr && !fits_text(value))
          return std::move(tagged.set("t", keep(node, key, tensor_of(value))));
        tagged.set(kKind<std::decay_t<decltype(value)>>, json_of(value));
        return tagged;
      },
      attribute);
}

std::string place_of(const std::string& node, const std::string& key) {
  return "graph, node \"" + node + "\", attribute \"" + key + "\"";
}

Attribute attribute_from(const std::string& node, const std::string& key, const Json& json,
                         const FindTensor& find) {
  if (json.is_object() && json.as_object().size() == 1) {
    const auto& [kind, value] = json.as_object()[0];
    if (kind == "b") return value.as_bool();
    if (kind == "i") return value.as_int();
    if (kind == "f") return value.as_number();
    if (kind == "s") return value.as_string();
    if (kind == "is") return list_of<std::int64_t>(value);
    if (kind == "fs") return list_of<double>(value);
    if (kind == "ss") return list_of<std::string>(value);
    if (kind == "t") return stored_attribute(place_of(node, key), value.as_string(), find);
  }
  throw Error(Code::kInvalidArgument, place_of(node, key) +
                                          ": expected {kind: value} with kind b, i, f, s, is, fs, "
                                          "ss or t; got " +
                                          to_text(json).substr(0, 80));
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

Json graph_to_json(const Graph& graph, const KeepTensor& keep) {
  Json nodes = Json::array();
  for (NodeId id = 0; id < graph.size(); ++id) {
    const Node& node = graph.node(id);
    Json attributes = Json::object();
    for (const auto& [key, value] : node.attributes)
      attributes.set(key, attribute_json(node, key, value, keep));
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
  return std::move(Json::object().set("nodes", std::move(nodes)));
}

namespace {

std::size_t list_size(const Attribute& list) {
  return std::visit(
      [](const auto& values) -> std::size_t {
        if constexpr (std::is_class_v<std::decay_t<decltype(values)>>) return values.size();
        return 1;
      },
      list);
}

// What a node may ask for beyond what its text holds: `Graph::add` trusts its caller, who wrote the
// code; a file is not trusted.
void check_limits(const Node& node) {
  const auto exceeds = [&](std::uint64_t most, const char* what, std::uint64_t found) {
    throw Error(Code::kResourceExhausted, "graph, node \"" + node.name + "\": expected at most " +
                                              std::to_string(most) + " " + what + "; got " +
                                              std::to_string(found));
  };
  if (node.type.shape.size() > kMaxAxes) exceeds(kMaxAxes, "axes", node.type.shape.size());
  if (node.op != "constant" || list_size(node.attributes.at("values")) != 1) return;
  const auto size = static_cast<std::uint64_t>(element_count(node.type.shape));
  if (size > kMaxFilled) exceeds(kMaxFilled, "elements filled with one value", size);
}

void read_node(Graph& graph, const Json& item, const FindTensor& find) {
  const std::string& name = item.at("name").as_string();
  if (name.empty() || name.size() > 1024)
    throw Error(Code::kInvalidArgument, "graph: expected node names of 1..1024 bytes; got one of " +
                                            std::to_string(name.size()));
  if (graph.find(name) != kNoNode)
    throw Error(Code::kInvalidArgument,
                "graph: expected unique node names; got \"" + name + "\" twice");
  Attributes attributes;
  for (const auto& [key, value] : item.at("attributes").as_object())
    attributes.emplace(key, attribute_from(name, key, value, find));
  const NodeId id =
      graph.add(item.at("op").as_string(), inputs_from(name, item.at("inputs"), graph.size()),
                std::move(attributes), name);
  check_limits(graph.node(id));
  expect_type(graph.node(id), item);
}

}  // namespace

Graph graph_from_json(const Json& json, const FindTensor& find) {
  const Json::Array& nodes = json.at("nodes").as_array();
  if (nodes.size() > static_cast<std::size_t>(kMaxNodes))
    throw Error(Code::kResourceExhausted, "graph: expected at most " + std::to_string(kMaxNodes) +
                                              " nodes; got " + std::to_string(nodes.size()));
  Graph graph;
  for (const Json& item : nodes) read_node(graph, item, find);
  return graph;
}

std::string Graph::to_json() const { return to_text(graph_to_json(*this)); }

Graph Graph::from_json(std::string_view text) { return graph_from_json(parse_json(text)); }

}  // namespace holdfast
