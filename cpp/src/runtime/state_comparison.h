// Compares the state of a model with the tensors of a checkpoint: by name, then dtype, then shape,
// all at once and before anything is read.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "holdfast/checkpoint.h"
#include "runtime/state.h"

namespace holdfast {

// One thing that differs. A tensor whose dtype and shape both differ gives two.
struct Difference {
  enum Kind { kShape, kDType, kVocabulary, kMissing, kUnexpected } kind;
  std::string name;
  const TensorInfo* stored;  // nullptr: kMissing
  const Variable* model;     // nullptr: kUnexpected
  std::string renamed_from;  // kMissing: a tensor of the checkpoint that may be the same; or ""
};

// What was compared; points into both sides. Variables, the global step and vocabularies are one
// group, optimizer slots another: slots follow from the optimizer, and training can go on with new
// ones. Local variables and roles that this version does not know are left out.
struct StateComparison {
  struct Group {
    std::vector<Difference> differences;  // by kind, then name
    std::vector<std::string> matching;    // by name
    // Of slots, differing or not: "Adagrad".
    std::set<std::string> stored_optimizers;
    std::set<std::string> model_optimizers;
  };
  Group variables;
  Group slots;

  StateComparison(const State& state, const std::vector<TensorInfo>& stored);
};

// (name in the model, name in the checkpoint) of every renaming that the differences suggest.
std::vector<std::pair<std::string, std::string>> renamings(const StateComparison::Group& group);

}  // namespace holdfast
