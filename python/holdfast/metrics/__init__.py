"""Metrics over many batches: pairs of (value so far, operation that takes in a batch).

The counters are float64 variables that checkpoints do not hold; values are float32.
Source: tf.metrics of TensorFlow 1.x.
"""

from holdfast.metrics._counting import (
    false_negatives,
    false_positives,
    precision,
    recall,
    true_negatives,
    true_positives,
)
from holdfast.metrics._means import (
    accuracy,
    mean,
    mean_absolute_error,
    mean_squared_error,
    root_mean_squared_error,
)
from holdfast.metrics._thresholds import (
    auc,
    precision_at_thresholds,
    recall_at_thresholds,
)

__all__ = [
    "accuracy",
    "auc",
    "false_negatives",
    "false_positives",
    "mean",
    "mean_absolute_error",
    "mean_squared_error",
    "precision",
    "precision_at_thresholds",
    "recall",
    "recall_at_thresholds",
    "root_mean_squared_error",
    "true_negatives",
    "true_positives",
]
