#include <algorithm>
#include <utility>

#include "api/model_impl.h"
#include "api/names_of.h"
#include "holdfast/error.h"
#include "holdfast/model.h"

namespace holdfast {
namespace {

[[noreturn]] void no_such(const Signature& signature, const char* what, const std::string& found,
                          const std::vector<SignatureTensor>& tensors) {
  throw Error(Code::kNotFound,
              "signature \"" + signature.name + "\": expected an " + what + " of " +
                  names_of(tensors) + "; got \"" + found + "\"",
              {{"signature", signature.name}, {"tensor", found}});
}

void check_index(const Signature& signature, const char* what, std::size_t index,
                 std::size_t size) {
  if (index < size) return;
  throw Error(Code::kOutOfRange, "signature \"" + signature.name + "\": expected an " + what +
                                     " below " + std::to_string(size) + "; got " +
                                     std::to_string(index));
}

// Every size that is not said is the batch's.
std::vector<Shape> shapes_of(const Signature& signature, std::int64_t batch) {
  if (batch < 0)
    throw Error(Code::kInvalidArgument,
                "PredictorOptions.batch: expected 0 or more; got " + std::to_string(batch));
  std::vector<Shape> shapes;
  for (const SignatureTensor& input : signature.inputs) {
    Shape shape = input.shape;
    if (!shape.empty() && shape[0] < 0) shape[0] = batch;
    if (std::any_of(shape.begin(), shape.end(), [](std::int64_t size) { return size < 0; }))
      bad_input(signature, input,
                "a shape whose first size alone is free: Model::predict takes others",
                shape_text(input.shape));
    if (!input.shape.empty() && input.shape[0] >= 0 && input.shape[0] != batch &&
        signature.inputs.size() == 1)
      bad_input(signature, input, "a batch of " + std::to_string(input.shape[0]),
                std::to_string(batch));
    shapes.push_back(std::move(shape));
  }
  return shapes;
}

std::vector<const SignatureTensor*> chosen(const Signature& signature,
                                           const std::vector<std::string>& names) {
  std::vector<const SignatureTensor*> outputs;
  for (const std::string& name : names) {
    outputs.push_back(signature.find_output(name));
    if (outputs.back() == nullptr) no_such(signature, "output", name, signature.outputs);
  }
  if (names.empty())
    for (const SignatureTensor& output : signature.outputs) outputs.push_back(&output);
  return outputs;
}

}  // namespace

struct Predictor::Impl {
  Impl(std::shared_ptr<const Model::Impl> loaded, const PredictorOptions& options)
      : model(std::move(loaded)),
        signature(model->model.signatures[model->index_of(options.signature)]),
        wanted(chosen(signature, options.outputs)),
        pool(options.threads > 0 ? options.threads : default_thread_count()) {
    const std::vector<Shape> shapes = shapes_of(signature, options.batch);
    std::vector<NodeId> nodes;
    nodes.reserve(wanted.size());
    for (const SignatureTensor* output : wanted) nodes.push_back(output->node);
    program = std::shared_ptr<Program>(
        new Program(model->plan(signature, nodes, shapes, pool.threads())));
    for (std::size_t i = 0; i < shapes.size(); ++i) {
      void* feed = program->feed(i);
      const DType dtype = signature.inputs[i].dtype;
      // What no output needs can be written as well; nobody reads it.
      inputs.push_back(feed == nullptr ? Tensor(dtype, shapes[i])
                                       : Tensor::borrow(dtype, shapes[i], feed, program));
      places.push_back(inputs.back().raw());
    }
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const Buffer& value = program->value(i);
      outputs.push_back(Tensor::borrow(value.dtype, value.shape, value.data, program));
    }
  }

  // A tensor assigned to an input would never be read, and the outputs be silently wrong.
  void check_inputs_are_own() const {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (inputs[i].raw() == places[i]) continue;
      throw Error(Code::kFailedPrecondition,
                  "signature \"" + signature.name + "\", input \"" + signature.inputs[i].name +
                      "\": expected the predictor's own tensor; got another, assigned to it. Copy "
                      "elements to input().data() instead, and make a new Predictor.",
                  {{"signature", signature.name}, {"tensor", signature.inputs[i].name}});
    }
  }

  std::shared_ptr<const Model::Impl> model;
  const Signature& signature;
  std::vector<const SignatureTensor*> wanted;
  ThreadPool pool;
  std::shared_ptr<Program> program;
  std::vector<Tensor> inputs;
  std::vector<const void*> places;  // of the inputs, where the program reads them
  std::vector<Tensor> outputs;
};

Predictor::Predictor(const Model& model, const PredictorOptions& options)
    : impl_(std::make_unique<Impl>(model.impl_, options)) {}
Predictor::~Predictor() = default;
Predictor::Predictor(Predictor&&) noexcept = default;
Predictor& Predictor::operator=(Predictor&&) noexcept = default;

const Signature& Predictor::signature() const noexcept { return impl_->signature; }

Tensor& Predictor::input(const std::string& name) {
  const std::vector<SignatureTensor>& all = impl_->signature.inputs;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (all[i].name == name) return impl_->inputs[i];
  no_such(impl_->signature, "input", name, all);
}

Tensor& Predictor::input(std::size_t index) {
  check_index(impl_->signature, "input", index, impl_->inputs.size());
  return impl_->inputs[index];
}

const Tensor& Predictor::output(const std::string& name) const {
  for (std::size_t i = 0; i < impl_->wanted.size(); ++i)
    if (impl_->wanted[i]->name == name) return impl_->outputs[i];
  no_such(impl_->signature, "output", name, impl_->signature.outputs);
}

const Tensor& Predictor::output(std::size_t index) const {
  check_index(impl_->signature, "output", index, impl_->outputs.size());
  return impl_->outputs[index];
}

std::size_t Predictor::output_count() const noexcept { return impl_->outputs.size(); }

void Predictor::run() {
  impl_->check_inputs_are_own();
  impl_->program->run(impl_->model->context(impl_->pool));
}

}  // namespace holdfast
