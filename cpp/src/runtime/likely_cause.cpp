#include "runtime/likely_cause.h"

#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/json.h"
#include "holdfast/error.h"

namespace holdfast {
namespace {

using Shapes = std::map<std::string, Shape>;
using Numbers = std::vector<std::int64_t>;

// A chain of dense layers, each as wide as the next one's input.
struct Layers {
  std::optional<std::int64_t> inputs;
  Numbers units;
};

// What is known of one side.
struct Known {
  std::string head;  // "binary", "multi_class", "regression", ...
  std::optional<std::int64_t> n_classes;
  std::optional<Numbers> hidden_units;
  std::optional<std::int64_t> logits;  // of a canned DNN
  std::optional<std::int64_t> inputs;  // of its first layer
  Layers dense;                        // layers named as layers.dense names them
};

// Adds the kernel of a layer to a chain; false where it is none.
bool extend(Layers& layers, const Shapes& shapes, const std::string& scope) {
  const auto found = shapes.find(scope + "/kernel");
  if (found == shapes.end() || found->second.size() != 2) return false;
  if (layers.units.empty()) layers.inputs = found->second[0];
  layers.units.push_back(found->second[1]);
  return true;
}

std::optional<std::int64_t> integer(const Json* value) {
  if (value == nullptr || !value->is_int()) return std::nullopt;
  return value->as_int();
}

void read_facts(Known& known, const std::string& facts_json) {
  try {
    const Json facts = parse_json(facts_json);
    if (!facts.is_object()) return;
    if (const Json* head = facts.find("head"); head != nullptr && head->is_object()) {
      const Json* kind = head->find("kind");
      if (kind != nullptr && kind->is_string()) known.head = kind->as_string();
      known.n_classes = integer(head->find("n_classes"));
    }
    const Json* units = facts.find("hidden_units");
    if (units == nullptr || !units->is_array()) return;
    Numbers numbers;
    for (const Json& value : units->as_array()) {
      if (!value.is_int()) return;
      numbers.push_back(value.as_int());
    }
    known.hidden_units = numbers;
  } catch (const Error&) {  // NOLINT(bugprone-empty-catch): facts are hints
    // Only a hint is lost.
  }
}

void read_shapes(Known& known, const Shapes& shapes) {
  Layers dnn;
  for (int i = 0; extend(dnn, shapes, "dnn/hiddenlayer_" + std::to_string(i));) ++i;
  const Numbers hidden = dnn.units;
  if (extend(dnn, shapes, "dnn/logits")) {
    known.inputs = dnn.inputs;
    known.logits = dnn.units.back();
    if (!known.hidden_units) known.hidden_units = hidden;
    // One logit is the binary head's: two classes.
    if (!known.n_classes && known.head != "regression")
      known.n_classes = *known.logits == 1 ? 2 : *known.logits;
  }
  if (!extend(known.dense, shapes, "dense")) return;
  for (int i = 1; extend(known.dense, shapes, "dense_" + std::to_string(i));) ++i;
}

Known known_of(const Shapes& shapes, const std::string& facts_json) {
  Known known;
  read_facts(known, facts_json);
  read_shapes(known, shapes);
  return known;
}

class Causes {
 public:
  const std::string& text() const { return text_; }

  void add(const std::string& cause) { text_ += (text_.empty() ? "" : "; ") + cause; }
  void add_was_and_is(const std::string& what, const std::string& before, const std::string& now) {
    add(what + " was " + before + " when this checkpoint was written and is " + now + " now");
  }
  void add_inputs(const std::string& who, std::optional<std::int64_t> before,
                  std::optional<std::int64_t> now) {
    if (!before || !now || before == now) return;
    add(who + " " + std::to_string(*before) + " inputs when this checkpoint was written and give " +
        std::to_string(*now) + " now");
  }

 private:
  std::string text_;
};

void compare_heads(Causes& causes, const Known& before, const Known& now) {
  if (before.head == "regression" && now.head == "regression") {
    if (before.logits && now.logits && before.logits != now.logits)
      causes.add_was_and_is("label_dimension", std::to_string(*before.logits),
                            std::to_string(*now.logits));
    return;
  }
  if (!before.n_classes || !now.n_classes || before.n_classes == now.n_classes) return;
  causes.add_was_and_is("n_classes", std::to_string(*before.n_classes),
                        std::to_string(*now.n_classes));
}

void compare_layers(Causes& causes, const Known& before, const Known& now) {
  if (before.hidden_units && now.hidden_units && before.hidden_units != now.hidden_units)
    causes.add("hidden_units changed from " + shape_text(*before.hidden_units) + " to " +
               shape_text(*now.hidden_units));
  causes.add_inputs("the feature columns gave", before.inputs, now.inputs);
  const Numbers& units = before.dense.units;
  if (units.empty() || now.dense.units.empty()) return;
  if (units != now.dense.units)
    causes.add("the units of the dense layers changed from " + shape_text(units) + " to " +
               shape_text(now.dense.units));
  causes.add_inputs("the features gave", before.dense.inputs, now.dense.inputs);
}

std::string scope_of(const std::string& name) {
  const auto slash = name.rfind('/');
  return slash == std::string::npos ? "" : name.substr(0, slash);
}

// Whole layers that are named otherwise now: every variable of the scope is.
void compare_names(Causes& causes, const StateComparison::Group& variables) {
  std::set<std::pair<std::string, std::string>> layers;
  for (const auto& [now, before] : renamings(variables)) {
    if (!scope_of(now).empty() && !scope_of(before).empty() && scope_of(now) != scope_of(before))
      layers.emplace(scope_of(before), scope_of(now));
  }
  for (const Difference& difference : variables.differences) {
    const bool unexplained =
        difference.kind == Difference::kMissing && difference.renamed_from.empty();
    if (!unexplained) continue;
    for (auto layer = layers.begin(); layer != layers.end();)
      layer = layer->second == scope_of(difference.name) ? layers.erase(layer) : std::next(layer);
  }
  for (const auto& [before, now] : layers)
    causes.add("the layer \"" + before + "\" is named \"" + now + "\" now");
}

// One dtype that became another, wherever dtypes differ.
void compare_dtypes(Causes& causes, const StateComparison::Group& variables) {
  std::set<std::pair<std::string, std::string>> changes;
  for (const Difference& difference : variables.differences) {
    if (difference.kind == Difference::kDType)
      changes.emplace(dtype_name(difference.stored->dtype),
                      dtype_name(difference.model->value.dtype()));
  }
  if (changes.size() != 1) return;
  causes.add("the dtype of variables changed from " + changes.begin()->first + " to " +
             changes.begin()->second);
}

void compare_vocabularies(Causes& causes, const StateComparison::Group& variables) {
  for (const Difference& difference : variables.differences) {
    if (difference.kind != Difference::kVocabulary) continue;
    const Shape& before = difference.stored->shape;
    const Shape& now = difference.model->value.shape();
    if (before.size() != 1 || now.size() != 1) continue;
    causes.add("the vocabulary \"" + difference.name + "\" had " + std::to_string(before[0]) +
               " entries when this checkpoint was written and has " + std::to_string(now[0]) +
               " now");
  }
}

}  // namespace

std::string likely_cause(const StateComparison& comparison, const StoredModel& stored,
                         const BuiltModel& built) {
  if (comparison.variables.differences.empty()) return "";
  Shapes stored_shapes;
  for (const TensorInfo& info : stored.tensors) stored_shapes[info.name] = info.shape;
  Shapes built_shapes;
  for (const Variable& variable : built.state.variables())
    built_shapes[variable.name] = variable.value.shape();
  const Known before = known_of(stored_shapes, stored.facts_json);
  const Known now = known_of(built_shapes, built.facts_json);
  Causes causes;
  compare_heads(causes, before, now);
  compare_layers(causes, before, now);
  compare_names(causes, comparison.variables);
  compare_dtypes(causes, comparison.variables);
  compare_vocabularies(causes, comparison.variables);
  return causes.text();
}

}  // namespace holdfast
