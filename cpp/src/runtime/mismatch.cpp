#include "runtime/mismatch.h"

#include <algorithm>
#include <map>
#include <set>

#include "holdfast/error.h"
#include "runtime/dnn_shape.h"

namespace holdfast {
namespace {

struct Difference {
  enum Kind { kShape, kDType, kMissing, kUnexpected } kind;
  std::string name;
  std::string text;  // what follows the name
  bool is_slot;
};

const char* kind_text(Difference::Kind kind) {
  switch (kind) {
    case Difference::kShape:
      return "shape     ";
    case Difference::kDType:
      return "dtype     ";
    case Difference::kMissing:
      return "missing   ";
    case Difference::kUnexpected:
      return "unexpected";
  }
  return "";
}

std::string typed(DType dtype, const Shape& shape) {
  return std::string(dtype_name(dtype)) + " " + shape_text(shape);
}

// "    axis 1: 3 -> 5" for every axis that differs, when the ranks agree.
std::string axes_text(const Shape& stored, const Shape& wanted) {
  if (stored.size() != wanted.size()) return "";
  std::string text;
  for (std::size_t axis = 0; axis < stored.size(); ++axis) {
    if (stored[axis] == wanted[axis]) continue;
    text += (text.empty() ? "    axis " : ", axis ") + std::to_string(axis) + ": " +
            std::to_string(stored[axis]) + " -> " + std::to_string(wanted[axis]);
  }
  return text;
}

std::string last_part(const std::string& name) {
  const auto slash = name.rfind('/');
  return slash == std::string::npos ? name : name.substr(slash + 1);
}

class Comparison {
 public:
  Comparison(const State& state, const std::vector<TensorInfo>& stored, bool with_slots) {
    for (const TensorInfo& info : stored) {
      if (info.role == "slot" && !with_slots) continue;
      if (info.role == "variable" || info.role == "slot" || info.role == "global_step") {
        stored_[info.name] = &info;
      }
    }
    for (const Variable& variable : state.variables()) {
      if (variable.role == "local" || (variable.role == "slot" && !with_slots)) continue;
      wanted_[variable.name] = &variable;
    }
    compare();
  }

  const std::vector<Difference>& differences() const { return differences_; }
  std::size_t matches() const { return matches_; }
  bool only_slots_differ() const {
    return std::all_of(differences_.begin(), differences_.end(),
                       [](const Difference& difference) { return difference.is_slot; });
  }

  // "Adagrad", "none": by the slots' optimizer, or the slot's own name.
  std::string stored_optimizers() const {
    std::set<std::string> names;
    for (const auto& [name, info] : stored_) {
      if (info->role == "slot") names.insert(optimizer_text(info->optimizer, name));
    }
    return joined(names);
  }
  std::string wanted_optimizers() const {
    std::set<std::string> names;
    for (const auto& [name, variable] : wanted_) {
      if (variable->role == "slot") names.insert(optimizer_text(variable->optimizer, name));
    }
    return joined(names);
  }

 private:
  static std::string optimizer_text(const std::string& optimizer, const std::string& slot) {
    return optimizer.empty() ? last_part(slot) : optimizer;
  }
  static std::string joined(const std::set<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
    return text.empty() ? "an optimizer without slots" : text;
  }

  void compare() {
    for (const auto& [name, variable] : wanted_) {
      const auto found = stored_.find(name);
      const bool is_slot = variable->role == "slot";
      const Tensor& value = variable->value;
      if (found == stored_.end()) {
        differences_.push_back({Difference::kMissing, name,
                                "not in the checkpoint; model has " +
                                    typed(value.dtype(), value.shape()) + renamed_from(*variable),
                                is_slot});
      } else if (found->second->shape != value.shape()) {
        const Shape& shape = found->second->shape;
        differences_.push_back({Difference::kShape, name,
                                "checkpoint " + shape_text(shape) + "    model " +
                                    shape_text(value.shape()) + axes_text(shape, value.shape()),
                                is_slot});
      } else if (found->second->dtype != value.dtype()) {
        differences_.push_back({Difference::kDType, name,
                                std::string("checkpoint ") + dtype_name(found->second->dtype) +
                                    "    model " + dtype_name(value.dtype()),
                                is_slot});
      } else {
        ++matches_;
      }
    }
    for (const auto& [name, info] : stored_) {
      if (wanted_.count(name) > 0) continue;
      differences_.push_back(
          {Difference::kUnexpected, name,
           "checkpoint has " + typed(info->dtype, info->shape) + "; not in the model",
           info->role == "slot"});
    }
    std::stable_sort(differences_.begin(), differences_.end(),
                     [](const Difference& a, const Difference& b) {
                       return std::pair(a.is_slot, a.kind) < std::pair(b.is_slot, b.kind);
                     });
  }

  // A tensor of the checkpoint that the model does not have, of the same dtype, shape and last name
  // part.
  std::string renamed_from(const Variable& variable) const {
    for (const auto& [name, info] : stored_) {
      if (wanted_.count(name) == 0 && info->dtype == variable.value.dtype() &&
          info->shape == variable.value.shape() && last_part(name) == last_part(variable.name)) {
        return " (renamed? the checkpoint has " + name + " of this dtype and shape)";
      }
    }
    return "";
  }

  std::map<std::string, const TensorInfo*> stored_;
  std::map<std::string, const Variable*> wanted_;
  std::vector<Difference> differences_;
  std::size_t matches_ = 0;
};

std::string counted(std::size_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string difference_lines(const std::vector<Difference>& differences) {
  std::size_t width = 0;
  for (const Difference& difference : differences) {
    width = std::max(width, difference.name.size());
  }
  std::string text;
  for (const Difference& difference : differences) {
    text += std::string("  ") + kind_text(difference.kind) + "  " + difference.name +
            std::string(width - difference.name.size() + 2, ' ') + difference.text + "\n";
  }
  return text;
}

std::string optimizer_advice(const Comparison& comparison) {
  return "The variables fit; the optimizer's slots do not: the checkpoint was trained with " +
         comparison.stored_optimizers() + ", the model uses " + comparison.wanted_optimizers() +
         ".\nTo continue: use the optimizer of the checkpoint. To train with another one: start in "
         "a "
         "new model_dir.";
}

}  // namespace

void expect_match(const State& state, const std::vector<TensorInfo>& stored, bool with_slots,
                  const std::string& path, const std::string& model_json) {
  const Comparison comparison(state, stored, with_slots);
  const std::vector<Difference>& differences = comparison.differences();
  if (differences.empty()) return;

  std::string text =
      "Checkpoint " + path + " does not fit this model (" +
      counted(differences.size(), "difference") + ", " + counted(comparison.matches(), "variable") +
      (comparison.matches() == 1 ? " matches" : " match") + "):\n" + difference_lines(differences);
  if (comparison.only_slots_differ()) {
    text += optimizer_advice(comparison);
  } else {
    const std::string cause = likely_cause(DnnShape::of(stored), DnnShape::of(state), model_json);
    if (!cause.empty()) text += "Likely cause: " + cause + ".\n";
    text +=
        "To continue: build the model as it was when the checkpoint was written. To start over: "
        "use a new model_dir.";
  }
  ErrorDetails details = {{"path", path},
                          {"tensor", differences[0].name},
                          {"differences", std::to_string(differences.size())}};
  throw Error(Code::kInvalidArgument, text, details, "CheckpointMismatchError");
}

}  // namespace holdfast
