// Gradients against central differences: (f(x + h) - f(x - h)) / 2h, in float64 where the operation
// knows it, else in float32.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "ops/evaluate.h"

namespace holdfast::testing {

// Step and tolerance of the differences in T, for inputs and slopes near 1.
template <typename T>
struct Differences;
// Truncation h^2 and rounding eps / h are both below 1e-7.
template <>
struct Differences<double> {
  static constexpr double kStep = 1e-6;
  static constexpr double kTolerance = 1e-6;
};
// h is a power of two, so that x + h loses little. Truncation is h^2 / 6 |f'''| < 2e-5 |f'''|;
// elements of f near 4 carry 2 eps * 4 = 1e-6 each, and f itself is summed in float64: 1e-6 / 2h
// = 5e-5 for each of the few elements that an input moves.
template <>
struct Differences<float> {
  static constexpr double kStep = 1.0 / 128;
  static constexpr double kTolerance = 1e-3;
};

// The sum of the elements of y, weighted by 1, 1.5, 2, ... so that no two are alike.
inline double weighted_sum(const Tensor& y) {
  double sum = 0;
  for (std::int64_t i = 0; i < y.size(); ++i) {
    const double value = y.dtype() == DType::kFloat32 ? y.data<float>()[i] : y.data<double>()[i];
    sum += value * (1.0 + 0.5 * static_cast<double>(i));
  }
  return sum;
}

// df/dx of every element of one input, by differences.
template <typename T>
std::vector<double> slopes(const Graph& graph, NodeId y, std::map<NodeId, Tensor>& feeds,
                           NodeId input) {
  std::vector<double> result;
  T* x = feeds[input].data<T>();
  for (std::int64_t i = 0; i < feeds[input].size(); ++i) {
    const T at = x[i];
    x[i] = static_cast<T>(at + Differences<T>::kStep);
    const double above = weighted_sum(evaluate(graph, y, feeds));
    x[i] = static_cast<T>(at - Differences<T>::kStep);
    const double below = weighted_sum(evaluate(graph, y, feeds));
    x[i] = at;
    result.push_back((above - below) / (2 * Differences<T>::kStep));
  }
  return result;
}

template <typename T>
void expect_slopes(const Graph& graph, NodeId y, std::map<NodeId, Tensor>& feeds, NodeId input,
                   const Tensor& grad) {
  ASSERT_EQ(grad.shape(), feeds[input].shape());
  const std::vector<double> expected = slopes<T>(graph, y, feeds, input);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(grad.data<T>()[i], expected[i],
                Differences<T>::kTolerance * std::max(1.0, std::abs(expected[i])))
        << "input " << input << ", element " << i;
  }
}

// Checks the gradient of every input of float32 or float64 that has one, with sizes known and
// unknown.
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
    Tensor weights = evaluate(graph, y, feeds);
    for (std::int64_t i = 0; i < weights.size(); ++i) {
      const double weight = 1.0 + 0.5 * static_cast<double>(i);
      if (weights.dtype() == DType::kFloat32) {
        weights.data<float>()[i] = static_cast<float>(weight);
      } else {
        weights.data<double>()[i] = weight;
      }
    }
    const NodeId w = placeholder(graph, weights, unknown);
    feeds[w] = weights;
    const NodeId f = graph.add("reduce_sum", {graph.add("mul", {y, w})});
    const std::vector<NodeId> grads = graph.gradients(f, ids);
    int checked = 0;
    for (std::size_t k = 0; k < ids.size(); ++k) {
      if (grads[k] == kNoNode) continue;
      const Tensor grad = evaluate(graph, grads[k], feeds);
      if (grad.dtype() == DType::kFloat32) {
        expect_slopes<float>(graph, y, feeds, ids[k], grad);
      } else {
        expect_slopes<double>(graph, y, feeds, ids[k], grad);
      }
      ++checked;
    }
    EXPECT_GT(checked, 0) << "no input has a gradient";
  }
}

inline Tensor doubles(Shape shape, const std::vector<double>& values) {
  return tensor(DType::kFloat64, std::move(shape), values);
}

}  // namespace holdfast::testing
