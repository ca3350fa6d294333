// The C functions over Model and Predictor. Each body runs within guarded(), which turns exceptions
// into the thread's last error.
#include "holdfast/c_api.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "api/model_impl.h"
#include "holdfast/error.h"
#include "holdfast/model.h"
#include "holdfast/version.h"

using holdfast::Code;
using holdfast::DType;
using holdfast::Error;
using holdfast::Shape;
using holdfast::Tensor;

namespace {

struct LastError {
  holdfast_code code = HOLDFAST_OK;
  std::string text;
  const char* fixed = "";  // shown instead of `text` where there is no memory for it
};

thread_local LastError last_error;

void remember(holdfast_code code, const char* text) noexcept {
  last_error.code = code;
  try {
    last_error.text = text;
    last_error.fixed = nullptr;
  } catch (...) {
    last_error.fixed = "out of memory";
  }
}

// The body's result; `failed` after an exception.
template <typename Result, typename Body>
Result guarded(Result failed, const Body& body) noexcept {
  try {
    return body();
  } catch (const Error& error) {
    remember(static_cast<holdfast_code>(error.code()), error.what());
  } catch (const std::bad_alloc&) {
    remember(HOLDFAST_RESOURCE_EXHAUSTED, "out of memory");
  } catch (const std::exception& error) {
    remember(HOLDFAST_INTERNAL, error.what());
  } catch (...) {
    remember(HOLDFAST_INTERNAL, "an unknown exception");
  }
  return failed;
}

template <typename T>
T* not_null(T* pointer, const std::string& what) {
  if (pointer != nullptr) return pointer;
  throw Error(Code::kInvalidArgument, what + ": expected a pointer; got NULL");
}

std::string text_or_empty(const char* text) { return text == nullptr ? "" : text; }

struct Kind {
  holdfast_dtype number;
  DType dtype;
};
constexpr Kind kKinds[] = {{HOLDFAST_FLOAT32, DType::kFloat32}, {HOLDFAST_FLOAT64, DType::kFloat64},
                           {HOLDFAST_INT32, DType::kInt32},     {HOLDFAST_STRING, DType::kString},
                           {HOLDFAST_INT64, DType::kInt64},     {HOLDFAST_BOOL, DType::kBool}};

holdfast_dtype number_of(DType dtype) {
  for (const Kind& kind : kKinds) {
    if (kind.dtype == dtype) return kind.number;
  }
  throw Error(Code::kUnimplemented,
              std::string("C interface: expected float32, float64, int32, int64, bool or string; "
                          "got ") +
                  holdfast::dtype_name(dtype));
}

DType dtype_of(const holdfast_tensor& tensor) {
  // C lets any int into an enum; C++ may not even look at one that is none of its values.
  static_assert(sizeof tensor.dtype == sizeof(int));
  int number = 0;
  std::memcpy(&number, &tensor.dtype, sizeof number);
  for (const Kind& kind : kKinds) {
    if (static_cast<int>(kind.number) == number) return kind.dtype;
  }
  throw Error(Code::kInvalidArgument, "input \"" + text_or_empty(tensor.name) +
                                          "\": expected a dtype of holdfast_dtype; got " +
                                          std::to_string(number));
}

// Tensors as C sees them. Requires: what they are made of stays where it is.
class View {
 public:
  void add(const std::string& name, DType dtype, const Shape& shape, const Tensor* values) {
    const void* data = nullptr;
    if (values != nullptr) data = dtype == DType::kString ? texts(*values) : values->raw();
    tensors_.push_back(
        {name.c_str(), number_of(dtype), static_cast<int32_t>(shape.size()), shape.data(), data});
  }
  // `function` asks. Never null, though there may be none: null is the answer of failures.
  const holdfast_tensor* all(size_t* count, const char* function) const {
    static constexpr holdfast_tensor kNone = {};
    *not_null(count, std::string(function) + ": count") = tensors_.size();
    return tensors_.empty() ? &kNone : tensors_.data();
  }
  const holdfast_tensor& find(const std::string& name) const {
    std::string names;
    for (const holdfast_tensor& tensor : tensors_) {
      if (name == tensor.name) return tensor;
      names += (names.empty() ? "" : ", ") + std::string(tensor.name);
    }
    throw Error(Code::kNotFound, "output \"" + name + "\": expected one of " + names);
  }

 private:
  const holdfast_string* texts(const Tensor& values) {
    auto& list = texts_.emplace_back();
    list.reserve(static_cast<std::size_t>(values.size()) + 1);  // data() is null in a description
    const auto* text = values.data<std::string>();
    for (std::int64_t i = 0; i < values.size(); ++i) {
      list.push_back({text[i].c_str(), text[i].size()});
    }
    return list.data();  // moved with its vector, it stays where it is
  }

  std::vector<holdfast_tensor> tensors_;
  std::vector<std::vector<holdfast_string>> texts_;
};

View described(const std::vector<holdfast::SignatureTensor>& tensors) {
  View view;
  for (const auto& tensor : tensors) view.add(tensor.name, tensor.dtype, tensor.shape, nullptr);
  return view;
}

// What the caller passes, checked as far as a pointer can be; numbers are borrowed for the call.
Tensor tensor_of(const holdfast_tensor& given_tensor) {
  const std::string subject = "input \"" + text_or_empty(given_tensor.name) + "\": ";
  const DType dtype = dtype_of(given_tensor);
  if (given_tensor.rank < 0 || (given_tensor.rank > 0 && given_tensor.shape == nullptr)) {
    throw Error(Code::kInvalidArgument, subject + "expected a shape of `rank` sizes; got rank " +
                                            std::to_string(given_tensor.rank) +
                                            (given_tensor.shape == nullptr ? " and NULL" : ""));
  }
  Shape shape;
  if (given_tensor.rank > 0) {
    shape.assign(given_tensor.shape, given_tensor.shape + given_tensor.rank);
  }
  if (std::any_of(shape.begin(), shape.end(), [](std::int64_t size) { return size < 0; })) {
    throw Error(Code::kInvalidArgument,
                subject + "expected sizes of at least 0; got " + holdfast::shape_text(shape));
  }
  const std::int64_t count = holdfast::element_count(shape);
  if (count > 0) not_null(given_tensor.data, subject + "data");
  if (dtype != DType::kString) {
    // Only read: the model copies its inputs.
    return Tensor::borrow(dtype, shape, const_cast<void*>(given_tensor.data), nullptr);
  }
  Tensor strings(dtype, shape);
  const auto* from = static_cast<const holdfast_string*>(given_tensor.data);
  for (std::int64_t i = 0; i < count; ++i) {
    if (from[i].size > 0) not_null(from[i].data, subject + "a string's data");
    strings.data<std::string>()[i].assign(from[i].size > 0 ? from[i].data : "", from[i].size);
  }
  return strings;
}

// Before anything is read: numbers said to be strings would be followed as pointers.
void check_kind(const holdfast::Signature& signature, const holdfast_tensor& given) {
  const holdfast::SignatureTensor* input = signature.find_input(given.name);
  const DType dtype = dtype_of(given);
  if (input != nullptr && dtype != input->dtype)
    bad_input(signature, *input, dtype_name(input->dtype), dtype_name(dtype));
}

}  // namespace

struct holdfast_model {
  struct Described {
    View inputs;
    View outputs;
  };

  explicit holdfast_model(holdfast::Model loaded) : model(std::move(loaded)) {
    for (const holdfast::Signature& signature : model.signatures()) {
      names.push_back(signature.name.c_str());
      signatures.push_back({described(signature.inputs), described(signature.outputs)});
    }
  }
  const Described& find(const char* signature) const {
    const holdfast::Signature& found = model.signature(text_or_empty(signature));
    return signatures[static_cast<std::size_t>(&found - model.signatures().data())];
  }

  holdfast::Model model;
  std::vector<const char*> names;
  std::vector<Described> signatures;  // as model.signatures()
};

struct holdfast_result {
  holdfast_result(holdfast::Model from, const std::string& name, holdfast::TensorMap computed)
      : model(std::move(from)), outputs(std::move(computed)) {
    for (const auto& output : model.signature(name).outputs) {
      const Tensor& values = outputs.at(output.name);
      view.add(output.name, values.dtype(), values.shape(), &values);
    }
  }

  holdfast::Model model;  // has the names
  holdfast::TensorMap outputs;
  View view;
};

struct holdfast_predictor {
  holdfast::Predictor predictor;
};

const char* holdfast_version(void) { return holdfast::version(); }

const char* holdfast_last_error(void) {
  return last_error.fixed != nullptr ? last_error.fixed : last_error.text.c_str();
}

holdfast_code holdfast_last_error_code(void) { return last_error.code; }

holdfast_model* holdfast_model_load(const char* directory, int threads) {
  return guarded<holdfast_model*>(nullptr, [&] {
    not_null(directory, "holdfast_model_load: directory");
    return std::make_unique<holdfast_model>(holdfast::Model::load(directory, {threads})).release();
  });
}

void holdfast_model_free(holdfast_model* model) { delete model; }

const char* const* holdfast_model_signatures(const holdfast_model* model, size_t* count) {
  return guarded<const char* const*>(nullptr, [&] {
    const holdfast_model& self = *not_null(model, "holdfast_model_signatures: model");
    *not_null(count, "holdfast_model_signatures: count") = self.names.size();
    return self.names.data();
  });
}

const holdfast_tensor* holdfast_model_inputs(const holdfast_model* model, const char* signature,
                                             size_t* count) {
  return guarded<const holdfast_tensor*>(nullptr, [&] {
    return not_null(model, "holdfast_model_inputs: model")
        ->find(signature)
        .inputs.all(count, "holdfast_model_inputs");
  });
}

const holdfast_tensor* holdfast_model_outputs(const holdfast_model* model, const char* signature,
                                              size_t* count) {
  return guarded<const holdfast_tensor*>(nullptr, [&] {
    return not_null(model, "holdfast_model_outputs: model")
        ->find(signature)
        .outputs.all(count, "holdfast_model_outputs");
  });
}

holdfast_result* holdfast_model_predict(const holdfast_model* model, const char* signature,
                                        const holdfast_tensor* inputs, size_t count) {
  return guarded<holdfast_result*>(nullptr, [&] {
    const holdfast::Model& self = not_null(model, "holdfast_model_predict: model")->model;
    if (count > 0) not_null(inputs, "holdfast_model_predict: inputs");
    const std::string asked = text_or_empty(signature);
    const holdfast::Signature& called = self.signature(asked);
    holdfast::TensorMap tensors;
    for (size_t i = 0; i < count; ++i) {
      const std::string name = not_null(inputs[i].name, "holdfast_model_predict: name of an input");
      if (tensors.count(name) > 0) {
        throw Error(Code::kInvalidArgument,
                    "input \"" + name + "\": expected it once; got it twice");
      }
      check_kind(called, inputs[i]);
      tensors.emplace(name, tensor_of(inputs[i]));
    }
    return std::make_unique<holdfast_result>(self, asked, self.predict(tensors, asked)).release();
  });
}

const holdfast_tensor* holdfast_result_tensors(const holdfast_result* result, size_t* count) {
  return guarded<const holdfast_tensor*>(nullptr, [&] {
    return not_null(result, "holdfast_result_tensors: result")
        ->view.all(count, "holdfast_result_tensors");
  });
}

const holdfast_tensor* holdfast_result_find(const holdfast_result* result, const char* name) {
  return guarded<const holdfast_tensor*>(nullptr, [&] {
    const holdfast_result& self = *not_null(result, "holdfast_result_find: result");
    return &self.view.find(not_null(name, "holdfast_result_find: name"));
  });
}

void holdfast_result_free(holdfast_result* result) { delete result; }

holdfast_predictor* holdfast_predictor_new(const holdfast_model* model, const char* signature,
                                           int64_t batch) {
  return guarded<holdfast_predictor*>(nullptr, [&] {
    const holdfast::Model& self = not_null(model, "holdfast_predictor_new: model")->model;
    holdfast::PredictorOptions options;
    options.signature = text_or_empty(signature);
    options.batch = batch;
    for (const auto& input : self.signature(options.signature).inputs) {
      if (input.dtype != DType::kString) continue;
      throw Error(Code::kUnimplemented, "input \"" + input.name +
                                            "\": expected numbers; got strings, which "
                                            "holdfast_model_predict takes");
    }
    return new holdfast_predictor{holdfast::Predictor(self, options)};
  });
}

void* holdfast_predictor_input(holdfast_predictor* predictor, const char* name) {
  return guarded<void*>(nullptr, [&] {
    holdfast_predictor& self = *not_null(predictor, "holdfast_predictor_input: predictor");
    return self.predictor.input(not_null(name, "holdfast_predictor_input: name")).raw();
  });
}

holdfast_code holdfast_predictor_run(holdfast_predictor* predictor) {
  const bool done = guarded(false, [&] {
    not_null(predictor, "holdfast_predictor_run: predictor")->predictor.run();
    return true;
  });
  return done ? HOLDFAST_OK : last_error.code;
}

const void* holdfast_predictor_output(const holdfast_predictor* predictor, const char* name) {
  return guarded<const void*>(nullptr, [&] {
    const holdfast_predictor& self = *not_null(predictor, "holdfast_predictor_output: predictor");
    const Tensor& output = self.predictor.output(not_null(name, "holdfast_predictor_output: name"));
    if (output.dtype() != DType::kString) return output.raw();
    throw Error(Code::kUnimplemented, "output \"" + std::string(name) +
                                          "\": expected numbers; got strings, which "
                                          "holdfast_model_predict returns");
  });
}

void holdfast_predictor_free(holdfast_predictor* predictor) { delete predictor; }
