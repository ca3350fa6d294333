#include "runtime/state.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "graph/op.h"
#include "runtime/initializers.h"

namespace holdfast {
namespace {

void expect_fit(const Variable& variable, const Tensor& value) {
  const Tensor& own = variable.value;
  if (value.dtype() == own.dtype() && value.shape() == own.shape()) return;
  throw Error(Code::kInvalidArgument,
              "variable \"" + variable.name + "\": expected " + dtype_name(own.dtype()) + " " +
                  shape_text(own.shape()) + "; got " + dtype_name(value.dtype()) + " " +
                  shape_text(value.shape()),
              {{"tensor", variable.name}});
}

}  // namespace

State::State(const Graph& graph, std::uint64_t seed)
    : State(graph, [seed](const Node& node) { return initial_value(node, seed); }) {}

State::State(const Graph& graph, const std::function<Tensor(const Node&)>& value_of) {
  for (NodeId id = 0; id < graph.size(); ++id) {
    const Node& node = graph.node(id);
    if (node.op != "variable") continue;
    const AttributeReader attributes(node.name, node.attributes);
    by_node_[id] = variables_.size();
    by_name_[node.name] = variables_.size();
    variables_.push_back({node.name, attributes.value_or<std::string>("role", "variable"),
                          attributes.value_or<std::string>("slot_of", ""),
                          attributes.value_or<std::string>("slot", ""),
                          attributes.value_or<std::string>("optimizer", ""), id,
                          Tensor::borrow(node.type.dtype, node.type.shape, nullptr, nullptr)});
    take(variables_.back(), value_of(node));
  }
}

Variable& State::at(NodeId node) { return variables_[by_node_.at(node)]; }

const Variable& State::at(const std::string& name) const {
  const auto found = by_name_.find(name);
  if (found != by_name_.end()) return variables_[found->second];
  std::string known;
  for (const Variable& variable : variables_) {
    known += (known.empty() ? "" : ", ") + variable.name;
  }
  throw Error(Code::kNotFound, "variable \"" + name + "\": expected one of " + known,
              {{"tensor", name}});
}

Variable& State::at(const std::string& name) {
  return const_cast<Variable&>(static_cast<const State&>(*this).at(name));
}

void State::write(Variable& variable, const Tensor& value) {
  expect_fit(variable, value);
  Tensor& own = variable.value;
  if (own.dtype() == DType::kString) {
    std::copy_n(value.data<std::string>(), value.size(), own.data<std::string>());
  } else if (own.bytes() > 0) {
    std::memcpy(own.raw(), value.raw(), own.bytes());
  }
}

void State::take(Variable& variable, Tensor value) {
  expect_fit(variable, value);
  variable.value = std::move(value);
}

void State::reset_local(const Graph& graph, std::uint64_t seed) {
  for (Variable& variable : variables_) {
    if (variable.role == "local") {
      write(variable, initial_value(graph.node(variable.node), seed));
    }
  }
}

std::int64_t* State::global_step() noexcept {
  for (Variable& variable : variables_) {
    if (variable.role == "global_step") return variable.value.data<std::int64_t>();
  }
  return nullptr;
}

}  // namespace holdfast
