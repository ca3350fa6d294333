"""Means: of values, of rightness, of errors."""

from __future__ import annotations

from holdfast import dtypes
from holdfast._math import abs as _abs
from holdfast._math import cast, equal, multiply, square
from holdfast._math import sqrt as _sqrt
from holdfast._reduce import reduce_sum
from holdfast._scope import variable_scope
from holdfast._shape import ones_like
from holdfast._state import assign_add
from holdfast._tensor import TensorLike, convert_to_tensor
from holdfast.losses import broadcast_weights
from holdfast.metrics._pair import (
    Collections,
    Metric,
    collected,
    counter,
    floats,
    ratio,
    without_last_1,
)


def mean(
    values: TensorLike,
    weights: TensorLike = None,
    metrics_collections: Collections = None,
    updates_collections: Collections = None,
    name: str | None = None,
) -> Metric:
    """Returns the weighted mean of all values; 0 before the first.

    Args:
      values: Numbers of any shape.
      weights: What broadcasts to `values`; None means 1.
      metrics_collections: What the value joins.
      updates_collections: What the update joins.
      name: Of the variable scope.
    """
    with variable_scope(name, "mean"):
        elements = cast(convert_to_tensor(values, preferred_dtype=dtypes.float32), dtypes.float32)
        total, count = counter("total"), counter("count")
        amounts = ones_like(elements)
        if weights is not None:
            amounts = multiply(amounts, broadcast_weights(weights, elements))
            elements = multiply(elements, amounts)
        new_total = assign_add(total, reduce_sum(elements))
        new_count = assign_add(count, reduce_sum(amounts))
        value = ratio(total, count, "value")
        update = ratio(new_total, new_count, "update_op")
        return collected(value, update, metrics_collections, updates_collections)


def accuracy(
    labels: TensorLike,
    predictions: TensorLike,
    weights: TensorLike = None,
    metrics_collections: Collections = None,
    updates_collections: Collections = None,
    name: str | None = None,
) -> Metric:
    """Returns the weighted share of predictions that equal their label.

    Args:
      labels: Of the shape of `predictions`; a last dimension of size 1 may be missing or extra.
      predictions: Cast to the labels' dtype.
      weights: What broadcasts to `labels`; None means 1.
      metrics_collections: What the value joins.
      updates_collections: What the update joins.
      name: Of the variable scope.
    """
    first, second = without_last_1(convert_to_tensor(predictions), convert_to_tensor(labels))
    if first.dtype is not second.dtype:
        first = cast(first, second.dtype)
    right = cast(equal(first, second), dtypes.float32)
    return mean(right, weights, metrics_collections, updates_collections, name or "accuracy")


def mean_squared_error(
    labels: TensorLike,
    predictions: TensorLike,
    weights: TensorLike = None,
    metrics_collections: Collections = None,
    updates_collections: Collections = None,
    name: str | None = None,
) -> Metric:
    """Returns the weighted mean of (predictions - labels)^2; arguments as of accuracy."""
    labels, predictions = floats(labels, predictions)
    errors = square(predictions - labels)
    scope = name or "mean_squared_error"
    return mean(errors, weights, metrics_collections, updates_collections, scope)


def mean_absolute_error(
    labels: TensorLike,
    predictions: TensorLike,
    weights: TensorLike = None,
    metrics_collections: Collections = None,
    updates_collections: Collections = None,
    name: str | None = None,
) -> Metric:
    """Returns the weighted mean of abs(predictions - labels); arguments as of accuracy."""
    labels, predictions = floats(labels, predictions)
    errors = _abs(predictions - labels)
    scope = name or "mean_absolute_error"
    return mean(errors, weights, metrics_collections, updates_collections, scope)


def root_mean_squared_error(
    labels: TensorLike,
    predictions: TensorLike,
    weights: TensorLike = None,
    metrics_collections: Collections = None,
    updates_collections: Collections = None,
    name: str | None = None,
) -> Metric:
    """Returns the root of the weighted mean squared error; arguments as of accuracy."""
    scope = name or "root_mean_squared_error"
    squared, update = mean_squared_error(labels, predictions, weights, name=scope)
    return collected(_sqrt(squared), _sqrt(update), metrics_collections, updates_collections)
