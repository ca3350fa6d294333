#include "api/signatures.h"

#include <algorithm>
#include <cstddef>
#include <set>
#include <utility>

#include "base/utf8.h"
#include "graph/prune.h"
#include "holdfast/error.h"

namespace holdfast {
namespace {

constexpr std::size_t kMaxSignatures = 1024;

[[noreturn]] void invalid(const std::string& signature, const std::string& text) {
  throw Error(Code::kInvalidArgument, "signature \"" + printable(signature) + "\"" + text,
              {{"signature", printable(signature)}});
}

Json tensors_to_json(const std::vector<SignatureTensor>& tensors, const Graph& graph) {
  Json json = Json::object();
  for (const SignatureTensor& tensor : tensors) json.set(tensor.name, graph.node(tensor.node).name);
  return json;
}

std::vector<SignatureTensor> tensors_from_json(const std::string& signature, const Json& json,
                                               const Graph& graph) {
  std::vector<SignatureTensor> tensors;
  for (const auto& [name, value] : json.as_object()) {
    const NodeId id = graph.find(value.as_string());
    if (id == kNoNode)
      invalid(signature, ", tensor \"" + printable(name) +
                             "\": expected the name of a node of the graph; got \"" +
                             printable(value.as_string().substr(0, 200)) + "\"");
    const TensorType& type = graph.node(id).type;
    tensors.push_back({name, type.dtype, type.shape, id});
  }
  return tensors;
}

template <typename Items>
void sort_by_name(Items& items) {
  std::sort(items.begin(), items.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
}

void check_names(const Signature& signature, const std::vector<SignatureTensor>& tensors,
                 const char* what) {
  std::set<std::string> names;
  for (const SignatureTensor& tensor : tensors) {
    if (tensor.name.empty() || !is_utf8(tensor.name))
      invalid(signature.name, std::string(": expected names of ") + what +
                                  " that are UTF-8 and not empty; got \"" + printable(tensor.name) +
                                  "\"");
    if (!names.insert(tensor.name).second)
      invalid(signature.name, std::string(": expected each name of ") + what + " once; got \"" +
                                  tensor.name + "\" twice");
  }
}

void check_inputs(const Signature& signature, const Graph& graph) {
  std::set<NodeId> given;
  for (const SignatureTensor& input : signature.inputs) {
    const Node& node = graph.node(input.node);
    if (node.op != "placeholder")
      invalid(signature.name, ", input \"" + input.name + "\": expected a placeholder; got \"" +
                                  node.name + "\" (" + node.op + ")");
    if (!given.insert(input.node).second)
      invalid(signature.name, ", input \"" + input.name +
                                  "\": expected a placeholder of its own; got that of another");
  }
  std::vector<NodeId> wanted;
  wanted.reserve(signature.outputs.size());
  for (const SignatureTensor& output : signature.outputs) wanted.push_back(output.node);
  for (const NodeId id : needed_by(graph, wanted)) {
    const Node& node = graph.node(id);
    if (node.op == "placeholder" && given.count(id) == 0)
      invalid(signature.name,
              ": expected inputs for all that its outputs need; got none for the placeholder \"" +
                  node.name + "\"");
  }
}

}  // namespace

Json signatures_to_json(const std::vector<Signature>& signatures, const Graph& graph) {
  Json json = Json::object();
  for (const Signature& signature : signatures)
    json.set(signature.name,
             std::move(Json::object()
                           .set("method", signature.method)
                           .set("inputs", tensors_to_json(signature.inputs, graph))
                           .set("outputs", tensors_to_json(signature.outputs, graph))));
  return json;
}

std::vector<Signature> signatures_from_json(const Json& json, const Graph& graph) {
  std::vector<Signature> signatures;
  const Json::Object& members = json.as_object();
  if (members.size() > kMaxSignatures)
    throw Error(Code::kResourceExhausted, "signatures: expected at most " +
                                              std::to_string(kMaxSignatures) + "; got " +
                                              std::to_string(members.size()));
  for (const auto& [name, value] : members) {
    Signature signature{name, value.at("method").as_string(),
                        tensors_from_json(name, value.at("inputs"), graph),
                        tensors_from_json(name, value.at("outputs"), graph)};
    sort_by_name(signature.inputs);
    signatures.push_back(std::move(signature));
  }
  sort_by_name(signatures);
  check_signatures(signatures, graph);
  return signatures;
}

void check_signatures(const std::vector<Signature>& signatures, const Graph& graph) {
  if (signatures.empty())
    throw Error(Code::kInvalidArgument, "signatures: expected at least one; got none");
  std::set<std::string> names;
  for (const Signature& signature : signatures) {
    if (signature.name.empty() || !is_utf8(signature.name))
      invalid(signature.name, ": expected a name that is UTF-8 and not empty");
    if (!names.insert(signature.name).second)
      invalid(signature.name, ": expected each name once; got this one twice");
    if (signature.outputs.empty()) invalid(signature.name, ": expected outputs; got none");
    check_names(signature, signature.inputs, "inputs");
    check_names(signature, signature.outputs, "outputs");
    check_inputs(signature, graph);
  }
}

}  // namespace holdfast
