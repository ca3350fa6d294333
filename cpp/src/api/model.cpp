#include "holdfast/model.h"

#include <algorithm>
#include <new>
#include <utility>

#include "api/model_call.h"
#include "api/model_impl.h"
#include "api/names_of.h"
#include "api/plan_size.h"
#include "holdfast/error.h"
#include "io/memory_files.h"
#include "io/opened.h"
#include "runtime/element.h"

namespace holdfast {
namespace {

const SignatureTensor* find_tensor(const std::vector<SignatureTensor>& tensors,
                                   const std::string& name) noexcept {
  const auto found = std::find_if(tensors.begin(), tensors.end(),
                                  [&](const SignatureTensor& t) { return t.name == name; });
  return found == tensors.end() ? nullptr : &*found;
}

std::size_t default_of(const std::vector<Signature>& signatures) {
  for (const char* name : {kDefaultSignature, "predict"})
    for (std::size_t i = 0; i < signatures.size(); ++i)
      if (signatures[i].name == name) return i;
  return signatures.size() == 1 ? 0 : signatures.size();
}

State state_of(const LoadedModel& model) {
  return State(model.graph, [&](const Node& variable) {
    const auto at = std::lower_bound(
        model.variables.begin(), model.variables.end(), variable.name,
        [](const NamedTensor& tensor, const std::string& name) { return tensor.name < name; });
    return at->value;
  });
}

}  // namespace

void bad_input(const Signature& signature, const SignatureTensor& input,
               const std::string& expected, const std::string& found) {
  throw Error(Code::kInvalidArgument,
              "signature \"" + signature.name + "\", input \"" + input.name + "\": expected " +
                  expected + "; got " + found,
              {{"signature", signature.name},
               {"tensor", input.name},
               {"expected", expected},
               {"found", found}});
}

const SignatureTensor* Signature::find_input(const std::string& tensor) const noexcept {
  return find_tensor(inputs, tensor);
}

const SignatureTensor* Signature::find_output(const std::string& tensor) const noexcept {
  return find_tensor(outputs, tensor);
}

Model::Impl::Impl(LoadedModel loaded, int thread_count)
    : model(std::move(loaded)),
      default_signature(default_of(model.signatures)),
      threads(thread_count > 0 ? thread_count : default_thread_count()),
      state(state_of(model)),
      pool(threads),
      plans(std::make_unique<PlanPool[]>(model.signatures.size())) {}

std::size_t Model::Impl::index_of(const std::string& name) const {
  const std::vector<Signature>& all = model.signatures;
  if (name.empty() && default_signature < all.size()) return default_signature;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (all[i].name == name) return i;
  throw Error(Code::kNotFound,
              name.empty()
                  ? "model: expected the name of a signature, since none is the default: " +
                        names_of(all) + "; got none"
                  : "signature \"" + name + "\": expected one of " + names_of(all),
              {{"signature", name}});
}

Program Model::Impl::plan(const Signature& signature, const std::vector<NodeId>& outputs,
                          const std::vector<Shape>& shapes, int plan_threads) const {
  std::vector<Feed> feeds;
  for (std::size_t i = 0; i < shapes.size(); ++i)
    feeds.push_back({signature.inputs[i].node, shapes[i]});
  check_plan_size(model.graph, outputs, feeds);
  try {
    return Program(model.graph, state, outputs, feeds, plan_threads);
  } catch (const std::bad_alloc&) {
    throw Error(Code::kResourceExhausted,
                "signature \"" + signature.name +
                    "\": expected enough free memory for a batch of this size; got less. Predict "
                    "in smaller batches.",
                {{"signature", signature.name}});
  }
}

Model::Model(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

Model Model::load(const std::string& directory, const ModelOptions& options) {
  const int threads = options.threads > 0 ? options.threads : default_thread_count();
  const io::OpenedCheckpoint opened(io::system_io(), directory, io::Kind::kSavedModel);
  return Model(std::make_shared<const Impl>(load_model(opened, threads), threads));
}

Model Model::load(const std::map<std::string, std::string>& files, const ModelOptions& options) {
  io::MemoryFiles memory(files);
  const int threads = options.threads > 0 ? options.threads : default_thread_count();
  const io::OpenedCheckpoint opened(memory, "in memory", io::Kind::kSavedModel);
  return Model(std::make_shared<const Impl>(load_model(opened, threads), threads));
}

const std::vector<Signature>& Model::signatures() const noexcept { return impl_->model.signatures; }

const Signature& Model::signature(const std::string& name) const {
  return impl_->model.signatures[impl_->index_of(name)];
}

TensorMap Model::predict(const TensorMap& inputs, const std::string& signature) const {
  const std::size_t index = impl_->index_of(signature);
  const Signature& chosen = impl_->model.signatures[index];
  std::vector<TensorType> types;
  std::vector<const Tensor*> values;
  for (std::size_t i = 0; i < chosen.inputs.size(); ++i) {
    const auto found = inputs.find(chosen.inputs[i].name);
    if (found == inputs.end()) ModelCall::missing(chosen, i);
    types.push_back({found->second.dtype(), found->second.shape()});
    values.push_back(&found->second);
  }
  if (inputs.size() > values.size()) {
    for (const auto& [input, value] : inputs)
      if (chosen.find_input(input) == nullptr) ModelCall::unexpected(chosen, input);
  }
  ModelCall call(*this, index, types);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (call.feed(i) == nullptr) continue;  // no output depends on it
    copy_elements(values[i]->dtype(), values[i]->raw(), call.feed(i), values[i]->size());
  }
  call.run();
  TensorMap outputs;
  for (std::size_t i = 0; i < chosen.outputs.size(); ++i)
    outputs.emplace(chosen.outputs[i].name, copy_of(call.value(i)));
  return outputs;
}

const Graph& Model::graph() const noexcept { return impl_->model.graph; }
std::vector<NamedTensor> Model::variables() const { return impl_->model.variables; }
std::int64_t Model::global_step() const noexcept { return impl_->model.global_step; }
const std::string& Model::model_json() const noexcept { return impl_->model.model_json; }

}  // namespace holdfast
