#include "runtime/dnn_shape.h"

#include <map>

#include "base/json.h"
#include "holdfast/error.h"

namespace holdfast {
namespace {

DnnShape shape_of(const std::map<std::string, Shape>& variables) {
  DnnShape dnn;
  const auto kernel = [&](const std::string& name) -> const Shape* {
    const auto found = variables.find(name);
    return found != variables.end() && found->second.size() == 2 ? &found->second : nullptr;
  };
  for (int layer = 0;; ++layer) {
    const Shape* shape = kernel("dnn/hiddenlayer_" + std::to_string(layer) + "/kernel");
    if (shape == nullptr) break;
    if (layer == 0) dnn.inputs = (*shape)[0];
    dnn.hidden_units.push_back((*shape)[1]);
  }
  if (const Shape* shape = kernel("dnn/logits/kernel")) {
    if (!dnn.inputs) dnn.inputs = (*shape)[0];
    dnn.logits = (*shape)[1];
  }
  return dnn;
}

std::string head_kind(const std::string& model_json) {
  try {
    const Json model = parse_json(model_json);
    const Json* head = model.find("head");
    const Json* kind = head == nullptr ? nullptr : head->find("kind");
    return kind != nullptr && kind->is_string() ? kind->as_string() : "";
  } catch (const Error&) {
    return "";  // only a hint is lost
  }
}

std::string logits_text(const std::string& kind, std::int64_t before, std::int64_t after) {
  if (kind == "regression") {
    return "label_dimension was " + std::to_string(before) +
           " when this checkpoint was written and is " + std::to_string(after) + " now";
  }
  // One logit is the binary head's: two classes.
  const auto classes = [](std::int64_t logits) { return std::to_string(logits == 1 ? 2 : logits); };
  return "n_classes was " + classes(before) + " when this checkpoint was written and is " +
         classes(after) + " now";
}

}  // namespace

DnnShape DnnShape::of(const std::vector<TensorInfo>& stored) {
  std::map<std::string, Shape> shapes;
  for (const TensorInfo& info : stored) shapes[info.name] = info.shape;
  return shape_of(shapes);
}

DnnShape DnnShape::of(const State& state) {
  std::map<std::string, Shape> shapes;
  for (const Variable& variable : state.variables()) shapes[variable.name] = variable.value.shape();
  return shape_of(shapes);
}

std::string likely_cause(const DnnShape& stored, const DnnShape& model,
                         const std::string& model_json) {
  if (!stored.logits || !model.logits) return "";
  std::string text;
  const auto add = [&](const std::string& cause) { text += (text.empty() ? "" : "; ") + cause; };
  if (stored.logits != model.logits) {
    add(logits_text(head_kind(model_json), *stored.logits, *model.logits));
  }
  if (stored.hidden_units != model.hidden_units) {
    add("hidden_units changed from " + shape_text(stored.hidden_units) + " to " +
        shape_text(model.hidden_units));
  }
  if (stored.inputs != model.inputs) {
    add("the feature columns gave " + std::to_string(*stored.inputs) +
        " inputs when this checkpoint was written and give " + std::to_string(*model.inputs) +
        " now");
  }
  return text;
}

}  // namespace holdfast
