// Layers: nodes together with the variables they need, named as TensorFlow names them, so that a
// checkpoint of such a graph is one of the Python Estimator's too.
//
//   Graph graph;
//   const NodeId x = placeholder(graph, "x", DType::kFloat32, {-1, 4});
//   const NodeId hidden = dense(graph, x, 10, "dnn/hiddenlayer_0", {"relu"});
//   const NodeId logits = dense(graph, hidden, 3, "dnn/logits");
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "holdfast/export.h"
#include "holdfast/graph.h"
#include "holdfast/tensor.h"

namespace holdfast {

// What a step is fed with. shape: -1 for the size that differs from batch to batch. name: gets
// "_1",
// ... when taken, as with Graph::add.
HOLDFAST_API NodeId placeholder(Graph& graph, const std::string& name, DType dtype, Shape shape);

struct VariableOptions {
  DType dtype = DType::kFloat32;
  // How it begins: a name of cpp/src/ops/OPS.md ("zeros", "ones", "constant", "glorot_uniform",
  // ...) and its numbers ({{"value", 0.1}}).
  std::string initializer = "glorot_uniform";
  Attributes numbers = {};
  bool trainable = true;  // whether minimize() moves it
};

// A variable of exactly this name, which is its name in checkpoints.
// Throws: InvalidArgument when the name is taken.
HOLDFAST_API NodeId variable(Graph& graph, const std::string& name, const Shape& shape,
                             const VariableOptions& options = {});

// The int64 variable "global_step", made where there is none; minimize() counts it up.
HOLDFAST_API NodeId global_step(Graph& graph);

// Numbers of a batch side by side, as float32 [batch, widths]: what the numeric columns of
// tf.feature_column.input_layer make of features [batch] or [batch, n]. In the order of the nodes'
// names, as there. Throws: InvalidArgument for none, strings, or a width that is not known.
HOLDFAST_API NodeId input_layer(Graph& graph, const std::vector<NodeId>& features);

struct DenseOptions {
  // "linear": none. Else an operation of one input: "relu", "relu6", "leaky_relu", "elu", "selu",
  // "tanh", "sigmoid", "softplus", "softsign", ...
  std::string activation = "linear";
  bool use_bias = true;
  std::string kernel_initializer = "glorot_uniform";
  std::string bias_initializer = "zeros";
};

// activation(inputs times kernel + bias), with new variables <name>/kernel and <name>/bias.
// inputs: float32 [batch, n], n known. Throws: InvalidArgument for other inputs, units below 1, an
// unknown activation, a name that is empty or taken. Source: tf.layers.dense.
HOLDFAST_API NodeId dense(Graph& graph, NodeId inputs, std::int64_t units, const std::string& name,
                          const DenseOptions& options = {});

}  // namespace holdfast
