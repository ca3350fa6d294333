// One call of a signature in steps, by the places of inputs and outputs instead of their names:
// what Model::predict and the bindings of other languages are made of.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "api/model_impl.h"
#include "holdfast/model.h"

namespace holdfast {

// For one thread; many may be under way on one model.
class ModelCall {
 public:
  // As Model::signature(). Throws: NotFound listing the names.
  static std::size_t index_of(const Model& model, const std::string& name);
  // The error of an input that is not given, or of one that there is not. Throws: InvalidArgument.
  [[noreturn]] static void missing(const Signature& signature, std::size_t input);
  [[noreturn]] static void unexpected(const Signature& signature, const std::string& input);

  // `inputs`: what is given, in the order of the signature. Throws: InvalidArgument where it does
  // not fit; ResourceExhausted.
  ModelCall(const Model& model, std::size_t index, const std::vector<TensorType>& inputs);
  ~ModelCall();
  ModelCall(const ModelCall&) = delete;
  ModelCall& operator=(const ModelCall&) = delete;

  // Where to write input i before run(); nullptr: no output depends on it.
  void* feed(std::size_t i) const noexcept { return plan_->program.feed(i); }
  // Throws what the model checks.
  void run() { plan_->program.run(model_.context(model_.pool)); }
  // Output i, until this object goes.
  const Buffer& value(std::size_t i) const noexcept { return plan_->program.value(i); }

 private:
  const Model::Impl& model_;
  PlanPool& pool_;
  std::unique_ptr<Plan> plan_;
};

}  // namespace holdfast
