// What an operation is: its shape rule, its gradient, and how it runs. An op family is one file
// under src/ops that defines OpDefs; ops/registry.cpp lists them all.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "holdfast/error.h"
#include "holdfast/graph.h"

namespace holdfast {

// Typed access to attributes; get() throws InvalidArgument naming node and attribute when it is
// missing or of another type, value_or() when it is of another type.
class AttributeReader {
 public:
  AttributeReader(const std::string& subject, const Attributes& attributes)
      : subject_(subject), attributes_(attributes) {}
  template <typename T>
  const T& get(const std::string& key) const;
  template <typename T>
  T value_or(const std::string& key, T fallback) const;
  bool has(const std::string& key) const { return attributes_.count(key) > 0; }
  // Accepts int64 or double.
  double number(const std::string& key) const;
  double number_or(const std::string& key, double fallback) const;
  // Accepts a list of either.
  std::vector<double> numbers(const std::string& key) const;

 private:
  const std::string& subject_;
  const Attributes& attributes_;
};

// Inputs of a shape rule. Shapes may hold -1. fail() throws InvalidArgument that starts with the
// node's name.
struct InferContext {
  const std::string& name;
  const std::vector<TensorType>& inputs;
  AttributeReader attributes;
  [[noreturn]] void fail(const std::string& text) const;
};

// One side of a gradient rule: adds nodes to the graph and answers with a gradient for each input.
struct GradientContext {
  Graph& graph;
  NodeId node;         // the forward node
  NodeId output_grad;  // same shape as the node's value
  const Node& forward() const { return graph.node(node); }
  NodeId input(std::size_t i) const { return graph.node(node).inputs[i]; }
  NodeId add(const std::string& op, std::vector<NodeId> inputs, Attributes attributes = {}) const;
};

// A value while a program runs. `data` is std::string* for kString.
struct Buffer {
  void* data = nullptr;
  DType dtype = DType::kFloat32;
  Shape shape;
  std::int64_t size = 0;  // elements
  template <typename T>
  T* as() const noexcept {
    return static_cast<T*>(data);
  }
};

// A tensor of its own with the same elements.
Tensor copy_of(const Buffer& buffer);

// What changes from run to run.
struct RunContext {
  ThreadPool& pool;
  std::uint64_t seed;  // of the run: the key of every random stream is made from it
  std::int64_t step;   // global_step before this step
};

// An operation bound to the addresses and sizes of one program. run() allocates nothing.
class OpKernel {
 public:
  virtual ~OpKernel() = default;
  virtual void run(const RunContext& context) = 0;
};

// Memory that the kernels of a program use one after the other: what one left there is gone when it
// runs again. One for all stays in the cache, where one for each would not.
class Scratch {
 public:
  // While kernels are made: lets data() have this many bytes at the least.
  void reserve(std::int64_t bytes);
  std::int64_t bytes() const noexcept { return bytes_; }
  // While they run. 64-byte aligned.
  char* data() const noexcept { return static_cast<char*>(memory_.get()); }

 private:
  std::int64_t bytes_ = 0;
  std::shared_ptr<void> memory_;
};

// What a kernel is made from. Buffers stay where they are for the kernel's life; all sizes are
// known.
struct KernelContext {
  const Node& node;
  std::vector<Buffer> inputs;
  Buffer output;
  int threads;                                 // of the pool that will run it
  std::shared_ptr<Scratch> scratch = nullptr;  // of the program, where there is one
  // That, or one of the kernel's own.
  std::shared_ptr<Scratch> shared_scratch() const;
  // 64-byte aligned memory that the kernel keeps.
  std::shared_ptr<void> workspace(std::int64_t bytes) const;
  AttributeReader attributes() const { return {node.name, node.attributes}; }
};

// The make_kernel of a kernel class whose constructor takes the context.
template <typename Kernel>
std::unique_ptr<OpKernel> make_op_kernel(const KernelContext& context) {
  return std::make_unique<Kernel>(context);
}

struct OpDef {
  std::string name;
  int min_inputs;
  int max_inputs;  // -1: any number
  TensorType (*infer)(const InferContext& context);
  // nullptr: the op has no gradient (its inputs get kNoNode).
  std::vector<NodeId> (*gradient)(const GradientContext& context);
  // nullptr: the program runs nothing for it (variables, placeholders, constants, views).
  std::unique_ptr<OpKernel> (*make_kernel)(const KernelContext& context);
  // The value is input 0 under another shape: no kernel, no copy (reshape, squeeze, identity, ...).
  bool is_view = false;
  // Draws random numbers from the run's seed and step: never computed ahead of a run.
  bool is_random = false;
  // Writes the variable that is input 0; the value is the variable (assign, assign_add, apply_*).
  bool writes_variable = false;
  // Is input 0 itself wherever the result has its dtype and sizes: the program then copies nothing.
  bool is_identity_of_same_type = false;
  // The kernel finds its result of the run before where it wrote it: such a result has memory of
  // its own.
  bool keeps_result = false;
  // How much its kernel writes behind the result, for ops that know of it; nullptr: nothing.
  std::int64_t (*bytes_behind)(const std::vector<TensorType>& inputs) = nullptr;
  // Writes or reads behind a result, which is safe only as the fusion of a program joins such ops:
  // no graph may hold it, least of all one from a file.
  bool is_of_programs = false;
  // Which its nodes may have, with ", " between. Another one is refused: ignored, it would change
  // results in silence.
  const char* attributes = "";
};

bool has_attribute(const OpDef& op, const std::string& key);

inline OpDef with_attributes(const char* attributes, OpDef def) {
  def.attributes = attributes;
  return def;
}

// An OpDef with that flag.
inline OpDef identity_of_same_type(OpDef def) {
  def.is_identity_of_same_type = true;
  return def;
}

inline OpDef keeping_result(OpDef def) {
  def.keeps_result = true;
  return def;
}
inline OpDef of_programs(OpDef def) {
  def.is_of_programs = true;
  return def;
}
inline OpDef with_bytes_behind(OpDef def,
                               std::int64_t (*bytes)(const std::vector<TensorType>& inputs)) {
  def.bytes_behind = bytes;
  return def;
}

// Throws InvalidArgument listing near names when there is no such op.
const OpDef& find_op(const std::string& name);
bool is_op(const std::string& name);
// Adds a family. Throws Internal when a name is taken.
void register_ops(const std::vector<OpDef>& ops);
// Defined in ops/registry.cpp, the layer above, which lists every family; called at the first
// look-up.
void register_all_ops();

}  // namespace holdfast
