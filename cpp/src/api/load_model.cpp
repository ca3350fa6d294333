#include "api/load_model.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "api/signatures.h"
#include "base/utf8.h"
#include "graph/json_form.h"
#include "graph/op.h"
#include "holdfast/version.h"
#include "io/fault.h"
#include "runtime/training_state.h"

namespace holdfast {
namespace {

constexpr std::size_t kShownName = 80;  // bytes of a name from a file, in an error

class Loader {
 public:
  Loader(const io::OpenedCheckpoint& opened, int threads)
      : manifest_(opened.manifest()),
        place_{opened.path(), io::kManifestName, {}, -1, -1, io::kind_text(manifest_.kind)} {
    std::vector<Tensor> values = opened.read_all(threads);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const io::TensorEntry& entry = manifest_.tensors[i];
      tensors_[entry.name] = {entry.name, entry.role,      entry.slot_of,
                              entry.slot, entry.optimizer, std::move(values[i])};
    }
  }

  LoadedModel load() {
    check_operations();
    LoadedModel model;
    try {
      model.graph =
          graph_from_json(manifest_.graph, [this](const std::string& name) { return asset(name); });
      check_reads_only(model.graph);
      model.signatures = signatures_from_json(manifest_.signatures, model.graph);
      model.seed = stored_seed(to_text(manifest_.state), 0);
    } catch (const Error& error) {
      if (!error.kind().empty()) throw;
      const std::string found = std::string("another one: ") + error.what();
      if (error.code() == Code::kResourceExhausted)
        throw io::unsafe(place_, "a graph inside the limits of the format", found);
      throw io::corrupt(place_, "a graph and signatures that fit together", found);
    }
    check_variables(model.graph);
    for (auto& [name, tensor] : tensors_)
      if (tensor.role != kAssetRole) model.variables.push_back(std::move(tensor));
    model.global_step = static_cast<std::int64_t>(manifest_.step);
    model.model_json = to_text(manifest_.model);
    return model;
  }

 private:
  // Before the graph is built: that a newer version has more of them explains it best.
  void check_operations() const {
    const Json* nodes = manifest_.graph.find("nodes");
    if (nodes == nullptr || !nodes->is_array()) return;  // graph_from_json says it better
    for (const Json& node : nodes->as_array()) {
      const Json* op = node.is_object() ? node.find("op") : nullptr;
      if (op == nullptr || !op->is_string()) continue;
      const std::string name = "\"" + op->as_string().substr(0, kShownName) + "\"";
      if (!is_op(op->as_string())) refuse_newer("the operation " + name);
      const Json* attributes = node.find("attributes");
      if (attributes == nullptr || !attributes->is_object()) continue;
      for (const auto& [key, value] : attributes->as_object()) {
        if (!has_attribute(find_op(op->as_string()), key))
          refuse_newer("the attribute \"" + key.substr(0, kShownName) + "\" of " + name);
      }
    }
  }

  [[noreturn]] void refuse_newer(const std::string& what) const {
    throw io::too_new(place_, what, "the operations of holdfast " + std::string(version()),
                      manifest_.writer_library + " " + manifest_.writer_version);
  }

  Tensor asset(const std::string& name) const {
    const auto found = tensors_.find(name);
    if (found != tensors_.end() && found->second.role == kAssetRole) return found->second.value;
    throw io::corrupt(place_, "an asset \"" + name.substr(0, 200) + "\", which the graph names",
                      found == tensors_.end()
                          ? "no such tensor"
                          : "a tensor with the role \"" + found->second.role + "\"");
  }

  void check_variables(const Graph& graph) const {
    for (NodeId id = 0; id < graph.size(); ++id) {
      const Node& node = graph.node(id);
      if (node.op != "variable") continue;
      const auto found = tensors_.find(node.name);
      const auto text = [](DType dtype, const Shape& shape) {
        return std::string(dtype_name(dtype)) + " " + shape_text(shape);
      };
      io::Place place = place_;
      place.tensor = node.name;
      const std::string expected = text(node.type.dtype, node.type.shape) + ", as in the graph";
      if (found == tensors_.end()) throw io::corrupt(place, expected, "none");
      const Tensor& value = found->second.value;
      if (value.dtype() != node.type.dtype || value.shape() != node.type.shape)
        throw io::corrupt(place, expected, text(value.dtype(), value.shape()));
    }
  }

  const io::Manifest& manifest_;
  io::Place place_;
  std::map<std::string, NamedTensor> tensors_;
};

}  // namespace

LoadedModel load_model(const io::OpenedCheckpoint& opened, int threads) {
  return io::with_memory(opened.path(), "load the model",
                         [&] { return Loader(opened, threads).load(); });
}

void check_reads_only(const Graph& graph) {
  for (NodeId id = 0; id < graph.size(); ++id) {
    const Node& node = graph.node(id);
    if (!find_op(node.op).writes_variable) continue;
    throw Error(Code::kInvalidArgument,
                "node \"" + node.name + "\": expected operations that only read; got " + node.op +
                    ", which writes to a variable. Leave it out of what PREDICT mode returns.");
  }
}

}  // namespace holdfast
