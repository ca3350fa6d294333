// Writes exported models: the same shards, manifest and COMMIT as checkpoints, with a graph and
// signatures in the manifest, and no training state. model.h loads them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "holdfast/checkpoint.h"
#include "holdfast/export.h"
#include "holdfast/graph.h"

namespace holdfast {

// One way to call the model, as nodes of the graph. Inputs are placeholders.
struct SignatureNodes {
  std::string name;    // "serving_default", ...
  std::string method;  // kPredictMethod, kClassifyMethod or kRegressMethod of model.h
  std::map<std::string, NodeId> inputs;
  std::vector<std::pair<std::string, NodeId>> outputs;  // in the order callers shall see
};

struct SavedModelContents {
  Graph graph;  // may hold more than prediction needs: what no signature needs is left out
  std::vector<SignatureNodes> signatures;  // at least one
  // Those the graph needs, and one with the role "global_step"; the others are left out.
  std::vector<NamedTensor> variables;
  std::string model_json = "{}";
  std::uint64_t seed = 0;  // of random operations that stay on when predicting
  // Files to put beside the model under assets.extra/, which no loader reads: destination (a
  // relative path) to source.
  std::map<std::string, std::string> assets_extra;
};

struct SavedModelOptions {
  Durability durability = Durability::kFull;
  int threads = 0;  // of writing; 0 means the default of the process
};

// Writes export_dir_base/<unix seconds> (created with its parents when missing) and returns its
// path, durable on return (kFull). Everything is written under a temporary name that no reader
// takes for an export, and appears by one rename; where the second is taken, the next one is.
// Throws: InvalidArgument when contents are no model (a signature's input is no placeholder, a
// variable is missing or of another shape, a destination leaves the directory); CheckpointSaveError
// when writing fails, with nothing left behind; AlreadyExists after ten names that were taken.
HOLDFAST_API std::string write_saved_model(const std::string& export_dir_base,
                                           const SavedModelContents& contents,
                                           const SavedModelOptions& options = {});

}  // namespace holdfast
