#include "holdfast/optimizers.h"

#include <cmath>
#include <utility>
#include <variant>
#include <vector>

#include "holdfast/error.h"
#include "holdfast/layers.h"

namespace holdfast {
namespace {

struct Update {
  NodeId variable;
  NodeId gradient;
};

bool is_trainable(const Node& node) {
  if (node.op != "variable") return false;
  const auto found = node.attributes.find("trainable");
  return found == node.attributes.end() || std::get<bool>(found->second);
}

// Of every trainable variable that has a gradient, in the order in which they were made.
std::vector<Update> gradients_of(Graph& graph, NodeId loss) {
  std::vector<NodeId> variables;
  for (NodeId id = 0; id < graph.size(); ++id) {
    if (is_trainable(graph.node(id))) variables.push_back(id);
  }
  const std::vector<NodeId> found = graph.gradients(loss, variables);
  std::vector<Update> updates;
  for (std::size_t i = 0; i < variables.size(); ++i) {
    if (found[i] != kNoNode) updates.push_back({variables[i], found[i]});
  }
  if (updates.empty()) {
    throw Error(Code::kInvalidArgument,
                "minimize: no gradient for any of " + std::to_string(variables.size()) +
                    " trainable variables; expected a loss that depends on one of them through "
                    "differentiable operations, got \"" +
                    graph.node(loss).name + "\"");
  }
  return updates;
}

NodeId scalar(Graph& graph, DType dtype, double value, const std::string& name) {
  return graph.add("constant", {},
                   {{"dtype", std::string(dtype_name(dtype))},
                    {"shape", Shape{}},
                    {"values", std::vector<double>{value}}},
                   name);
}

// Counts the global step up after the updates, and groups everything.
NodeId finished(Graph& graph, std::vector<NodeId> updates, const std::string& name) {
  const NodeId step = global_step(graph);
  const NodeId one = scalar(graph, graph.node(step).type.dtype, 1.0, name + "/one");
  updates.push_back(graph.add("assign_add", {step, one}, {}, name + "/value"));
  return graph.add("group", std::move(updates), {}, name + "/update");
}

void require_positive(const char* what, double value) {
  if (value > 0.0) return;
  throw Error(Code::kInvalidArgument,
              std::string(what) + ": expected a positive number; got " + std::to_string(value));
}

void require_finite(const char* what, double value) {
  if (std::isfinite(value)) return;
  throw Error(Code::kInvalidArgument,
              std::string(what) + ": expected a finite number; got " + std::to_string(value));
}

NodeId accumulator(Graph& graph, const std::string& owner, const Shape& shape,
                   const AdagradOptimizer& optimizer) {
  const std::string middle = optimizer.slot_part.empty() ? "" : "/" + optimizer.slot_part;
  return graph.add("variable", {},
                   {{"dtype", std::string("float32")},
                    {"shape", shape},
                    {"initializer", std::string("constant")},
                    {"value", optimizer.initial_accumulator_value},
                    {"trainable", false},
                    {"role", std::string("slot")},
                    {"slot_of", owner},
                    {"slot", std::string("accumulator")},
                    {"optimizer", std::string("Adagrad")}},
                   owner + middle + "/Adagrad");
}

}  // namespace

NodeId minimize(Graph& graph, NodeId loss, const AdagradOptimizer& optimizer) {
  require_positive("AdagradOptimizer: initial_accumulator_value",
                   optimizer.initial_accumulator_value);
  require_finite("AdagradOptimizer: learning_rate", optimizer.learning_rate);
  std::vector<NodeId> results;
  const std::vector<Update> updates = gradients_of(graph, loss);
  const NodeId rate =
      scalar(graph, DType::kFloat32, optimizer.learning_rate, "Adagrad/learning_rate");
  for (const auto& [variable, gradient] : updates) {
    const Node& node = graph.node(variable);
    const NodeId slot = accumulator(graph, node.name, node.type.shape, optimizer);
    results.push_back(
        graph.add("apply_adagrad", {variable, slot, rate, gradient}, {}, "Adagrad/update"));
  }
  return finished(graph, std::move(results), "Adagrad");
}

NodeId minimize(Graph& graph, NodeId loss, const GradientDescentOptimizer& optimizer) {
  require_finite("GradientDescentOptimizer: learning_rate", optimizer.learning_rate);
  std::vector<NodeId> results;
  const std::vector<Update> updates = gradients_of(graph, loss);
  const NodeId rate =
      scalar(graph, DType::kFloat32, optimizer.learning_rate, "GradientDescent/learning_rate");
  results.reserve(updates.size());
  for (const auto& [variable, gradient] : updates) {
    results.push_back(graph.add("apply_gradient_descent", {variable, rate, gradient}, {},
                                "GradientDescent/update"));
  }
  return finished(graph, std::move(results), "GradientDescent");
}

}  // namespace holdfast
