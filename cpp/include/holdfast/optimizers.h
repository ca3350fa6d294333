// Optimizers: what moves the trainable variables of a graph against the gradient of a loss.
//
//   const NodeId step = minimize(graph, loss, AdagradOptimizer{});
//   Trainer trainer(graph);
//   trainer.run(1000, {step}, {}, loss);
#pragma once

#include <string>

#include "holdfast/export.h"
#include "holdfast/graph.h"

namespace holdfast {

// accumulator += gradient^2; variable -= learning_rate * gradient / sqrt(accumulator).
// Source: tf.train.AdagradOptimizer; 0.05 is the rate of TF's canned estimators.
struct AdagradOptimizer {
  double learning_rate = 0.05;
  double initial_accumulator_value = 0.1;  // positive, since there is no epsilon
  // Between a variable's name and "/Adagrad" in the slot's name. "t_0" where the checkpoints are a
  // DNNClassifier's: "dnn/logits/bias/t_0/Adagrad".
  std::string slot_part = {};
};

// variable -= learning_rate * gradient. Source: tf.train.GradientDescentOptimizer.
struct GradientDescentOptimizer {
  double learning_rate = 0.01;
};

// Adds gradients, slots and updates of every trainable variable that `loss` depends on, and of the
// global step (made where there is none) after them. Returns the node to run for a step of
// training. All gradients are computed before the first update.
// Throws: InvalidArgument when no trainable variable has a gradient, or a number is out of range.
HOLDFAST_API NodeId minimize(Graph& graph, NodeId loss, const AdagradOptimizer& optimizer);
HOLDFAST_API NodeId minimize(Graph& graph, NodeId loss, const GradientDescentOptimizer& optimizer);

}  // namespace holdfast
