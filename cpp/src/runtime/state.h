// What training has learnt: the variables of a graph by name.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "holdfast/graph.h"

namespace holdfast {

struct Variable {
  std::string name;
  std::string role;  // "variable", "slot", "global_step", "local"
  std::string slot_of;
  std::string slot;
  std::string optimizer;
  NodeId node;
  Tensor value;  // stays at its address, which programs hold, until take()
};

// Holds every variable of one graph at its initial value, then whatever programs write there.
class State {
 public:
  State(const Graph& graph, std::uint64_t seed);
  // Holds them at given values instead, whose memory it takes. Throws: InvalidArgument when one
  // has another dtype or shape than its variable.
  State(const Graph& graph, const std::function<Tensor(const Node& variable)>& value_of);

  const std::vector<Variable>& variables() const noexcept { return variables_; }
  Variable& at(NodeId node);
  // Throws: NotFound listing the names.
  Variable& at(const std::string& name);
  const Variable& at(const std::string& name) const;

  // Copies into the variable's own memory. Throws: InvalidArgument when dtype or shape differ.
  void write(Variable& variable, const Tensor& value);
  // The same without a copy: the variable's memory becomes that of `value`. Programs planned before
  // must not run again. Requires: nobody else writes to the memory of `value`.
  void take(Variable& variable, Tensor value);
  // Back to the initial values: metric counters before an evaluation.
  void reset_local(const Graph& graph, std::uint64_t seed);
  // nullptr when the graph has none.
  std::int64_t* global_step() noexcept;

 private:
  std::vector<Variable> variables_;
  std::map<NodeId, std::size_t> by_node_;
  std::map<std::string, std::size_t> by_name_;
};

}  // namespace holdfast
