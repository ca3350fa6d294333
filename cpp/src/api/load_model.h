// From the bytes of an export to a graph with its values, every rule checked that needs no input.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "holdfast/checkpoint.h"
#include "holdfast/graph.h"
#include "holdfast/model.h"
#include "io/opened.h"

namespace holdfast {

// The role of tensors that are long attributes of the graph: vocabularies, constants.
constexpr char kAssetRole[] = "asset";

struct LoadedModel {
  Graph graph;
  std::vector<Signature> signatures;   // sorted by name
  std::vector<NamedTensor> variables;  // sorted by name, global_step included
  std::int64_t global_step = 0;
  std::uint64_t seed = 0;
  std::string model_json;
};

// Throws: CheckpointCorruptError, UnsafeInputError; CheckpointVersionError for an operation that
// this version does not know.
LoadedModel load_model(const io::OpenedCheckpoint& opened, int threads);

// A model is the same after every prediction. Throws: InvalidArgument, naming the first node that
// writes to a variable.
void check_reads_only(const Graph& graph);

}  // namespace holdfast
