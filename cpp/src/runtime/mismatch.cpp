#include "runtime/mismatch.h"

#include <algorithm>
#include <array>
#include <set>

namespace holdfast {
namespace {

using Group = StateComparison::Group;

// kind, name, checkpoint, model, remark
using Row = std::array<std::string, 5>;

std::string typed(DType dtype, const Shape& shape) {
  return std::string(dtype_name(dtype)) + " " + shape_text(shape);
}

// "axis 1: 3 -> 5" for every axis that differs, when the ranks agree.
std::string axes_text(const Shape& stored, const Shape& wanted) {
  if (stored.size() != wanted.size()) return "";
  std::string text;
  for (std::size_t axis = 0; axis < stored.size(); ++axis) {
    if (stored[axis] == wanted[axis]) continue;
    text += (text.empty() ? "axis " : ", axis ") + std::to_string(axis) + ": " +
            std::to_string(stored[axis]) + " -> " + std::to_string(wanted[axis]);
  }
  return text;
}

Row row_of(const Difference& difference) {
  const TensorInfo* stored = difference.stored;
  const Variable* model = difference.model;
  switch (difference.kind) {
    case Difference::kShape:
    case Difference::kVocabulary: {
      const Shape& now = model->value.shape();
      return {difference.kind == Difference::kShape ? "shape" : "vocabulary", difference.name,
              "checkpoint " + shape_text(stored->shape), "model " + shape_text(now),
              axes_text(stored->shape, now)};
    }
    case Difference::kDType:
      return {"dtype", difference.name, std::string("checkpoint ") + dtype_name(stored->dtype),
              std::string("model ") + dtype_name(model->value.dtype()), ""};
    case Difference::kMissing:
      return {"missing", difference.name, "not in the checkpoint",
              "model " + typed(model->value.dtype(), model->value.shape()),
              difference.renamed_from.empty()
                  ? ""
                  : "renamed? checkpoint has " + difference.renamed_from};
    case Difference::kUnexpected:
      return {"unexpected", difference.name, "checkpoint " + typed(stored->dtype, stored->shape),
              "not in the model", ""};
  }
  return {};
}

// One line for each difference; the columns of a group stand below each other.
std::string lines_of(const Group& group) {
  std::vector<Row> rows;
  std::array<std::size_t, 5> widths{};
  for (const Difference& difference : group.differences) {
    rows.push_back(row_of(difference));
    for (std::size_t i = 0; i < widths.size(); ++i)
      widths[i] = std::max(widths[i], rows.back()[i].size());
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i)
      line += "  " + row[i] + std::string(widths[i] - row[i].size(), ' ');
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string counted(std::size_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string joined(const std::set<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "an optimizer without slots" : text;
}

std::string optimizer_block(const Group& slots, bool variables_fit) {
  const std::set<std::string>& stored = slots.stored_optimizers;
  const std::set<std::string>& model = slots.model_optimizers;
  std::string text = variables_fit ? "The variables fit; the optimizer's slots do not"
                                   : "The optimizer's slots do not fit either";
  if (stored == model) {
    text += " (" + counted(slots.differences.size(), "difference") + "), of " + joined(stored) +
            " on both sides";
  } else {
    text += " (" + counted(slots.differences.size(), "difference") +
            "): the checkpoint was trained with " + joined(stored) + ", the model uses " +
            joined(model);
  }
  return text + ":\n" + lines_of(slots);
}

std::string renaming_advice(const Group& variables) {
  std::string text;
  for (const auto& [now, before] : renamings(variables))
    text += (text.empty() ? "\"" : ", \"") + now + "\": \"" + before + "\"";
  return text.empty() ? "" : ", var_name_to_prev_var_name={" + text + "}";
}

// TensorFlow passes over variables that only the loss of a model_fn makes; here they are a
// difference like a layer that was taken out.
std::string every_mode_advice(const Group& variables, const MismatchContext& context) {
  if (context.trains || !context.likely_cause.empty()) return "";
  for (const Difference& difference : variables.differences) {
    if (difference.kind != Difference::kUnexpected) return "";
  }
  return "If only training uses them: let model_fn make them in every mode, with get_variable "
         "before it looks at the mode. ";
}

// What a program that was written for TensorFlow looks for.
// Source: tensorflow/core/kernels/save_restore_tensor.cc, tensor_bundle.cc.
std::string tensorflow_words(const Difference& first) {
  if (first.kind == Difference::kMissing) return "Key " + first.name + " not found in checkpoint";
  if (first.kind == Difference::kUnexpected) return "";
  if (first.kind == Difference::kDType)
    return "tensor_name = " + first.name + "; expected dtype " +
           dtype_name(first.model->value.dtype()) + " does not equal original dtype " +
           dtype_name(first.stored->dtype);
  return "tensor_name = " + first.name + "; shape in shape_and_slice spec " +
         shape_text(first.model->value.shape()) +
         " does not match the shape stored in checkpoint: " + shape_text(first.stored->shape);
}

}  // namespace

Error mismatch_error(const StateComparison& comparison, bool with_slots,
                     const MismatchContext& context) {
  const Group& variables = comparison.variables;
  const bool variables_fit = variables.differences.empty();
  const bool slots_fit = !with_slots || comparison.slots.differences.empty();
  const std::size_t matches = variables.matching.size();

  std::string text = "Checkpoint " + context.path + " does not fit this model (" +
                     counted(variables.differences.size(), "difference") + ", " +
                     counted(matches, "variable") + (matches == 1 ? " matches" : " match") + ")" +
                     (variables_fit ? ".\n" : ":\n") + lines_of(variables);
  if (!context.likely_cause.empty()) text += "Likely cause: " + context.likely_cause + ".\n";
  if (!slots_fit) text += optimizer_block(comparison.slots, variables_fit);
  if (variables_fit) {
    text +=
        "To continue with these variables and fresh slots: RunConfig(restore_optimizer=\"reset\"). "
        "To continue exactly: use the optimizer of the checkpoint.";
  } else {
    text += every_mode_advice(variables, context);
    text +=
        "To start from these weights anyway: a new model_dir and "
        "warm_start_from=WarmStartSettings(\"" +
        context.path + "\"" + renaming_advice(variables) +
        ", on_mismatch=\"skip\"). To start over: a new model_dir alone.";
  }
  const Difference& first =
      variables_fit ? comparison.slots.differences.front() : variables.differences.front();
  const std::string words = tensorflow_words(first);
  if (!words.empty()) text += "\nIn TensorFlow's words: " + words + ".";
  const std::size_t all = variables.differences.size() +
                          (with_slots ? comparison.slots.differences.size() : std::size_t{0});
  return Error(
      Code::kInvalidArgument, text,
      {{"path", context.path}, {"tensor", first.name}, {"differences", std::to_string(all)}},
      "CheckpointMismatchError");
}

}  // namespace holdfast
