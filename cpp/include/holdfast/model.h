// An exported model, loaded: it predicts without the code that made it, and without Python. What
// an export holds is cpp/src/io/FORMAT.md; saved_model.h writes one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "holdfast/checkpoint.h"
#include "holdfast/export.h"
#include "holdfast/graph.h"
#include "holdfast/tensor.h"

namespace holdfast {

// TensorFlow's names of what a signature does (tensorflow/python/saved_model/signature_constants).
constexpr char kDefaultSignature[] = "serving_default";
constexpr char kPredictMethod[] = "tensorflow/serving/predict";
constexpr char kClassifyMethod[] = "tensorflow/serving/classify";
constexpr char kRegressMethod[] = "tensorflow/serving/regress";

// One input or output of a signature.
struct SignatureTensor {
  std::string name;  // "x", "probabilities"
  DType dtype = DType::kFloat32;
  Shape shape;            // -1: any size; all -1 of axis 0 are the same batch in one call
  NodeId node = kNoNode;  // in Model::graph()
};

// One way to call a model.
struct Signature {
  std::string name;    // "serving_default", "predict", "classification", "regression", ...
  std::string method;  // one of the three above
  std::vector<SignatureTensor> inputs;   // sorted by name
  std::vector<SignatureTensor> outputs;  // as exported: the order of the model's predictions

  // nullptr when there is none of that name.
  const SignatureTensor* find_input(const std::string& tensor) const noexcept;
  const SignatureTensor* find_output(const std::string& tensor) const noexcept;
};

using TensorMap = std::map<std::string, Tensor>;  // by the names of a signature

struct ModelOptions {
  // Of one predict call on a large batch; 0: the default of the process. Results never depend on
  // it. A process that predicts from many threads of its own wants 1.
  int threads = 0;
};

// A loaded model. A copy is the same model, as cheap as a pointer. Const calls are safe from many
// threads at once, and take no lock; a first call with another batch size plans it under one. What
// a model returns by reference lives as long as one of its copies or predictors. A model,
// predictor or other object of this library that was moved from may be assigned or destroyed, and
// nothing else.
class HOLDFAST_API Model {
 public:
  // Reads and verifies an export: a directory with COMMIT, manifest.json and shards. Nothing
  // outside it is opened and no code of it runs. Throws: NotFound when it is not there;
  // CheckpointCorruptError, UnsafeInputError or CheckpointVersionError for a damaged, hostile or
  // newer one; FailedPrecondition when it is a checkpoint or a model_dir, not an export.
  static Model load(const std::string& directory, const ModelOptions& options = {});
  // The same from memory: the files of the directory by name ("COMMIT", "manifest.json", ...).
  // They are not needed any more once it returns.
  static Model load(const std::map<std::string, std::string>& files,
                    const ModelOptions& options = {});

  const std::vector<Signature>& signatures() const noexcept;  // sorted by name
  // "": "serving_default" where the model has it, else "predict", else the only one.
  // Throws: NotFound listing the names.
  const Signature& signature(const std::string& name = "") const;

  // Computes every output of a signature for a batch of any size, 0 included. Inputs are named and
  // typed as signature() says, nothing is converted; their sizes of axis 0 agree wherever the
  // signature has -1 there. Returns new tensors. The first call with another batch size plans it;
  // plans are kept for the next call of the same thread. Throws: InvalidArgument for a name, dtype
  // or shape that does not fit, and what the model itself checks (a label out of range, ...).
  TensorMap predict(const TensorMap& inputs, const std::string& signature = "") const;

  // What the export holds, to describe it or to train on from it: the graph that predicts, the
  // values of its variables ("global_step" included), the step they are of.
  const Graph& graph() const noexcept;
  std::vector<NamedTensor> variables() const;  // sorted by name; the values are the model's own
  std::int64_t global_step() const noexcept;
  const std::string& model_json() const noexcept;  // what the exporter said of it; an object

 private:
  friend class Predictor;
  friend class ModelCall;  // src/api/model_call.h
  struct Impl;
  explicit Model(std::shared_ptr<const Impl> impl);
  std::shared_ptr<const Impl> impl_;
};

struct PredictorOptions {
  std::string signature;             // "": as Model::signature()
  std::int64_t batch = 1;            // rows of every call
  std::vector<std::string> outputs;  // those to compute, in that order; empty: all
  int threads = 1;                   // of a call; small batches never leave the calling thread
};

// Predictions of one batch size over and over: everything is planned and allocated at once, and
// run() allocates nothing. Keeps the model's memory alive. Not thread-safe: one for each thread.
//
//   Predictor predictor(model);
//   float* x = predictor.input("x").data<float>();
//   const float* p = predictor.output("probabilities").data<float>();
//   for (...) { x[0] = ...; predictor.run(); use(p[0]); }
class HOLDFAST_API Predictor {
 public:
  // Throws: NotFound for a signature or output that is not there; InvalidArgument for a negative
  // batch, or one that the model does not take.
  explicit Predictor(const Model& model, const PredictorOptions& options = {});
  ~Predictor();
  Predictor(Predictor&&) noexcept;
  Predictor& operator=(Predictor&&) noexcept;

  const Signature& signature() const noexcept;

  // Written before run(), any number of times; zeros (empty strings) at first. They stay where
  // they are for the predictor's life, and keep what was written: write their elements, never
  // assign another tensor, which run() refuses. Indexed as signature().inputs.
  // Throws: NotFound listing the names; the overloads with an index OutOfRange.
  Tensor& input(const std::string& name);
  Tensor& input(std::size_t index);
  // What the last run() computed; the same tensors after every run. Indexed as options.outputs, or
  // as signature().outputs where that is empty.
  const Tensor& output(const std::string& name) const;
  const Tensor& output(std::size_t index) const;
  std::size_t output_count() const noexcept;

  // Computes the outputs from the inputs. Throws what the model checks (a label out of range, ...),
  // and the outputs are then of no use until the next run; FailedPrecondition where an input was
  // assigned to.
  void run();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace holdfast
