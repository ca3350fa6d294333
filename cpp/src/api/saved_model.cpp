#include "holdfast/saved_model.h"

#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "api/load_model.h"
#include "api/signatures.h"
#include "api/write_saved_model.h"
#include "base/thread_pool.h"
#include "graph/json_form.h"
#include "graph/prune.h"
#include "holdfast/error.h"
#include "holdfast/model.h"
#include "io/export_dir.h"
#include "io/live_source.h"
#include "runtime/training_state.h"

namespace holdfast {
namespace {

// What is written: the graph pruned, and the tensors it needs.
struct PreparedModel {
  CheckpointContents tensors;
  Json graph;
  Json signatures;
};

PrunedGraph pruned_graph(const SavedModelContents& contents) {
  std::vector<NodeId> wanted;
  for (const SignatureNodes& signature : contents.signatures) {
    for (const auto& [name, node] : signature.inputs) wanted.push_back(node);
    for (const auto& [name, node] : signature.outputs) wanted.push_back(node);
  }
  return prune(contents.graph, wanted);
}

// Values are stored: how a variable would begin is of no use.
Graph without_initializers(const Graph& graph) {
  Graph plain;
  for (NodeId id = 0; id < graph.size(); ++id) {
    const Node& node = graph.node(id);
    Attributes attributes = node.attributes;
    if (node.op == "variable") {
      for (auto at = attributes.begin(); at != attributes.end();) {
        const bool kept = at->first == "dtype" || at->first == "shape" || at->first == "role" ||
                          at->first == "trainable";
        at = kept ? std::next(at) : attributes.erase(at);
      }
    }
    plain.add(node.op, node.inputs, std::move(attributes), node.name);
  }
  return plain;
}

std::vector<Signature> signatures_of(const SavedModelContents& contents,
                                     const PrunedGraph& pruned) {
  const auto tensor_of = [&](const std::string& name, NodeId old) {
    const NodeId id = pruned.node_of[static_cast<std::size_t>(old)];
    const TensorType& type = pruned.graph.node(id).type;
    return SignatureTensor{name, type.dtype, type.shape, id};
  };
  std::vector<Signature> signatures;
  for (const SignatureNodes& nodes : contents.signatures) {
    Signature signature{nodes.name, nodes.method, {}, {}};
    for (const auto& [name, node] : nodes.inputs) signature.inputs.push_back(tensor_of(name, node));
    for (const auto& [name, node] : nodes.outputs)
      signature.outputs.push_back(tensor_of(name, node));
    signatures.push_back(std::move(signature));
  }
  return signatures;
}

// Those of the graph, checked against it, and global_step.
void add_variables(const SavedModelContents& contents, const Graph& graph,
                   CheckpointContents& tensors) {
  std::map<std::string, const NamedTensor*> given;
  for (const NamedTensor& tensor : contents.variables) given[tensor.name] = &tensor;
  std::set<std::string> needed;
  for (NodeId id = 0; id < graph.size(); ++id) {
    const Node& node = graph.node(id);
    if (node.op != "variable") continue;
    needed.insert(node.name);
    const auto found = given.find(node.name);
    const bool fits = found != given.end() && found->second->value.dtype() == node.type.dtype &&
                      found->second->value.shape() == node.type.shape;
    if (!fits)
      throw Error(
          Code::kInvalidArgument,
          "variable \"" + node.name + "\": expected a value of " + dtype_name(node.type.dtype) +
              " " + shape_text(node.type.shape) + "; got " +
              (found == given.end() ? "none"
                                    : std::string(dtype_name(found->second->value.dtype())) + " " +
                                          shape_text(found->second->value.shape())),
          {{"tensor", node.name}});
  }
  for (const NamedTensor& tensor : contents.variables)
    if (needed.count(tensor.name) > 0 || tensor.role == "global_step")
      tensors.tensors.push_back(tensor);
}

std::int64_t step_in(const CheckpointContents& tensors) {
  for (const NamedTensor& tensor : tensors.tensors)
    if (tensor.role == "global_step" && tensor.value.size() == 1 &&
        tensor.value.dtype() == DType::kInt64)
      return *tensor.value.data<std::int64_t>();
  return 0;  // plan_save() says what is wrong
}

PreparedModel prepare(const SavedModelContents& contents) {
  PrunedGraph pruned = pruned_graph(contents);
  pruned.graph = without_initializers(pruned.graph);  // the same nodes in the same places
  check_reads_only(pruned.graph);
  const std::vector<Signature> signatures = signatures_of(contents, pruned);
  check_signatures(signatures, pruned.graph);

  PreparedModel model;
  model.tensors.model_json = contents.model_json;
  add_variables(contents, pruned.graph, model.tensors);
  model.tensors.state_json =
      training_state_json(contents.seed, step_in(model.tensors), nullptr, "{}");
  model.graph =
      graph_to_json(pruned.graph, [&](const Node& node, const std::string& key, Tensor value) {
        NamedTensor asset{"asset/" + node.name + "/" + key, kAssetRole, {}, {}, {}, {}};
        asset.value = std::move(value);
        model.tensors.tensors.push_back(std::move(asset));
        return model.tensors.tensors.back().name;
      });
  model.signatures = signatures_to_json(signatures, pruned.graph);
  return model;
}

// What a writer writes, its own reader takes: limits included.
void check_readable(const io::Manifest& manifest) {
  try {
    io::parse_manifest(io::encode_manifest(manifest), "to be exported", io::Kind::kSavedModel);
    if (manifest.graph.at("nodes").as_array().size() > static_cast<std::size_t>(kMaxNodes))
      throw Error(Code::kResourceExhausted,
                  "graph: expected at most " + std::to_string(kMaxNodes) + " nodes; got more");
  } catch (const Error& error) {
    throw Error(Code::kInvalidArgument, error.what(), error.details());
  }
}

}  // namespace

std::string write_saved_model(const std::string& export_dir_base,
                              const SavedModelContents& contents,
                              const SavedModelOptions& options) {
  return write_saved_model_through(io::system_io(), export_dir_base, contents, options);
}

std::string write_saved_model_through(io::Io& io, const std::string& export_dir_base,
                                      const SavedModelContents& contents,
                                      const SavedModelOptions& options) {
  io::check_extra_assets(contents.assets_extra);
  const int threads = options.threads > 0 ? options.threads : default_thread_count();
  PreparedModel model = prepare(contents);
  io::LiveSource source(model.tensors, threads);
  io::Manifest& manifest = source.plan().manifest;
  manifest.kind = io::Kind::kSavedModel;
  manifest.graph = std::move(model.graph);
  manifest.signatures = std::move(model.signatures);
  check_readable(manifest);
  return io::write_export(io, export_dir_base, source, contents.assets_extra,
                          {options.durability == Durability::kFull, threads});
}

}  // namespace holdfast
