// The reference executor of the operations' tests: walks the list node by node, every value in a
// tensor of its own. No planning, no fusion, no shared memory.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "graph/op.h"
#include "holdfast/tensor.h"
#include "runtime/constants.h"

namespace holdfast::testing {

template <typename T>
Tensor tensor(DType dtype, Shape shape, const std::vector<T>& values) {
  Tensor result(dtype, std::move(shape));
  for (std::size_t i = 0; i < values.size(); ++i) result.data<T>()[i] = values[i];
  return result;
}
inline Tensor floats(Shape shape, const std::vector<float>& values) {
  return tensor(DType::kFloat32, std::move(shape), values);
}
inline Tensor ints(Shape shape, const std::vector<std::int64_t>& values) {
  return tensor(DType::kInt64, std::move(shape), values);
}

template <typename T>
std::vector<T> values_of(const Tensor& tensor) {
  return std::vector<T>(tensor.data<T>(), tensor.data<T>() + tensor.size());
}

// A placeholder of the tensor's dtype whose sizes are all unknown when `unknown`.
inline NodeId placeholder(Graph& graph, const Tensor& like, bool unknown = false) {
  Shape shape = like.shape();
  if (unknown) shape.assign(shape.size(), -1);
  return graph.add("placeholder", {},
                   {{"dtype", std::string(dtype_name(like.dtype()))}, {"shape", shape}});
}

inline Tensor evaluate(const Graph& graph, NodeId target, const std::map<NodeId, Tensor>& feeds,
                       int threads = 1) {
  ThreadPool pool(threads);
  const RunContext run{pool, 7, 3};
  std::vector<Tensor> values;
  for (NodeId id = 0; id <= target; ++id) {
    Node node = graph.node(id);
    if (const auto fed = feeds.find(id); fed != feeds.end()) {
      values.push_back(fed->second);
      continue;
    }
    if (node.op == "constant") {
      values.push_back(constant_value(node));
      continue;
    }
    std::vector<TensorType> types;
    KernelContext context{node, {}, {}, threads};
    for (const NodeId input : node.inputs) {
      const Tensor& value = values[static_cast<std::size_t>(input)];
      types.push_back({value.dtype(), value.shape()});
      context.inputs.push_back(
          {const_cast<void*>(value.raw()), value.dtype(), value.shape(), value.size()});
    }
    const OpDef& op = find_op(node.op);
    node.type = op.infer({node.name, types, {node.name, node.attributes}});
    Tensor result = op.is_view ? Tensor::borrow(node.type.dtype, node.type.shape,
                                                context.inputs[0].data, nullptr)
                               : Tensor(node.type.dtype, node.type.shape);
    context.output = {result.raw(), result.dtype(), result.shape(), result.size()};
    if (op.make_kernel != nullptr) op.make_kernel(context)->run(run);
    values.push_back(result);
  }
  return values[static_cast<std::size_t>(target)].clone();  // a view outlives what it views
}

// One operation of tensors, its shapes known or not when the graph is built.
inline Tensor apply(const std::string& op, const std::vector<Tensor>& inputs,
                    const Attributes& attributes = {}, bool unknown = false, int threads = 1) {
  Graph graph;
  std::map<NodeId, Tensor> feeds;
  std::vector<NodeId> ids;
  for (const Tensor& input : inputs) {
    ids.push_back(placeholder(graph, input, unknown));
    feeds[ids.back()] = input;
  }
  return evaluate(graph, graph.add(op, ids, attributes), feeds, threads);
}

// The text of the error that applying the operation throws; "" when there is none.
inline std::string error_of(const std::string& op, const std::vector<Tensor>& inputs,
                            const Attributes& attributes = {}) {
  try {
    apply(op, inputs, attributes);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace holdfast::testing
