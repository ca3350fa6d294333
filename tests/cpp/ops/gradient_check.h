// Gradients against central differences: (f(x + h) - f(x - h)) / 2h, in float64 where the operation
// knows it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "ops/evaluate.h"

namespace holdfast::testing {

// f is the sum of the operation's elements, weighted by 1, 2, 3, ... so that no two are alike.
// Checks the gradient of every input of float64, with sizes known and unknown.
inline void check_gradients(const std::string& op, const std::vector<Tensor>& inputs,
                            const Attributes& attributes = {}) {
  for (const bool unknown : {false, true}) {
    SCOPED_TRACE(op + (unknown ? ", sizes unknown" : ", sizes known"));
    Graph graph;
    std::map<NodeId, Tensor> feeds;
    std::vector<NodeId> ids;
    for (const Tensor& input : inputs) {
      ids.push_back(placeholder(graph, input, unknown));
      feeds[ids.back()] = input.clone();
    }
    const NodeId y = graph.add(op, ids, attributes);
    const Tensor shape_of_y = evaluate(graph, y, feeds);
    Tensor weights(DType::kFloat64, shape_of_y.shape());
    for (std::int64_t i = 0; i < weights.size(); ++i) {
      weights.data<double>()[i] = 1.0 + static_cast<double>(i);
    }
    const NodeId w = placeholder(graph, weights, unknown);
    feeds[w] = weights;
    const NodeId f = graph.add("reduce_sum", {graph.add("mul", {y, w})});
    const std::vector<NodeId> grads = graph.gradients(f, ids);
    for (std::size_t k = 0; k < ids.size(); ++k) {
      if (inputs[k].dtype() != DType::kFloat64 || grads[k] == kNoNode) continue;
      const Tensor grad = evaluate(graph, grads[k], feeds);
      ASSERT_EQ(grad.shape(), inputs[k].shape());
      for (std::int64_t i = 0; i < grad.size(); ++i) {
        constexpr double kStep = 1e-6;
        double& x = feeds[ids[k]].data<double>()[i];
        const double at = x;
        x = at + kStep;
        const double above = evaluate(graph, f, feeds).data<double>()[0];
        x = at - kStep;
        const double below = evaluate(graph, f, feeds).data<double>()[0];
        x = at;
        const double slope = (above - below) / (2 * kStep);
        // Truncation h^2 and rounding eps / h are both below 1e-7 for these sizes.
        EXPECT_NEAR(grad.data<double>()[i], slope, 1e-6 * std::max(1.0, std::abs(slope)))
            << "input " << k << ", element " << i;
      }
    }
  }
}

inline Tensor doubles(Shape shape, const std::vector<double>& values) {
  return tensor(DType::kFloat64, std::move(shape), values);
}

}  // namespace holdfast::testing
