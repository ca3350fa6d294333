// Losses: scalars for minimize(). Throws: InvalidArgument for dtypes and shapes that do not fit.
#pragma once

#include "holdfast/export.h"
#include "holdfast/graph.h"

namespace holdfast {

// How the losses of a batch become one.
enum class Reduction {
  kSum,               // as the canned estimators
  kSumOverBatchSize,  // their mean, as tf.losses does with all weights 1
};

// Cross-entropy of softmax(logits) with class ids. labels: int64 or int32 [batch] or [batch, 1], in
// [0, classes), which is checked in every step; logits: float32 [batch, classes].
HOLDFAST_API NodeId sparse_softmax_cross_entropy(
    Graph& graph, NodeId labels, NodeId logits, Reduction reduction = Reduction::kSumOverBatchSize);

// Cross-entropy of sigmoid(logits) with labels in [0, 1], element by element; both float32 of one
// shape.
HOLDFAST_API NodeId sigmoid_cross_entropy(Graph& graph, NodeId labels, NodeId logits,
                                          Reduction reduction = Reduction::kSumOverBatchSize);

// (predictions - labels)^2; both float32 of one shape.
HOLDFAST_API NodeId mean_squared_error(Graph& graph, NodeId labels, NodeId predictions,
                                       Reduction reduction = Reduction::kSumOverBatchSize);

}  // namespace holdfast
