#include "api/model_call.h"

#include <utility>

#include "api/names_of.h"
#include "base/shape_fits.h"
#include "holdfast/error.h"

namespace holdfast {
namespace {

void check_inputs(const Signature& signature, const std::vector<TensorType>& inputs) {
  std::int64_t batch = -1;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const SignatureTensor& input = signature.inputs[i];
    const TensorType& given = inputs[i];
    if (given.dtype != input.dtype)
      bad_input(signature, input, dtype_name(input.dtype), dtype_name(given.dtype));
    if (!shape_fits(input.shape, given.shape))
      bad_input(signature, input, "shape " + shape_text(input.shape), shape_text(given.shape));
    if (input.shape.empty() || input.shape[0] >= 0) continue;
    if (batch >= 0 && given.shape[0] != batch)
      bad_input(signature, input, "as many rows as the inputs before it, " + std::to_string(batch),
                std::to_string(given.shape[0]));
    batch = given.shape[0];
  }
}

}  // namespace

std::size_t ModelCall::index_of(const Model& model, const std::string& name) {
  return model.impl_->index_of(name);
}

void ModelCall::missing(const Signature& signature, std::size_t input) {
  const SignatureTensor& tensor = signature.inputs[input];
  bad_input(signature, tensor,
            std::string("a value of ") + dtype_name(tensor.dtype) + " " + shape_text(tensor.shape),
            "none");
}

void ModelCall::unexpected(const Signature& signature, const std::string& input) {
  throw Error(Code::kInvalidArgument,
              "signature \"" + signature.name + "\": expected the inputs " +
                  names_of(signature.inputs) + "; got \"" + input + "\"",
              {{"signature", signature.name}, {"tensor", input}});
}

ModelCall::ModelCall(const Model& model, std::size_t index, const std::vector<TensorType>& inputs)
    : model_(*model.impl_), pool_(model_.plans[index]) {
  const Signature& signature = model_.model.signatures[index];
  plan_ = pool_.take(inputs);
  if (plan_ != nullptr) return;  // what fits a plan fits the signature
  check_inputs(signature, inputs);
  std::vector<NodeId> outputs;
  outputs.reserve(signature.outputs.size());
  for (const SignatureTensor& output : signature.outputs) outputs.push_back(output.node);
  std::vector<Shape> shapes;
  shapes.reserve(inputs.size());
  for (const TensorType& input : inputs) shapes.push_back(input.shape);
  plan_ = std::unique_ptr<Plan>(
      new Plan{inputs, model_.plan(signature, outputs, shapes, model_.threads)});
}

ModelCall::~ModelCall() { pool_.give(std::move(plan_)); }

}  // namespace holdfast
