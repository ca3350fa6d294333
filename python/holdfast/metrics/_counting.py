"""Counts of predictions that are rightly or wrongly true or false, and shares of them."""

from __future__ import annotations

from holdfast import dtypes
from holdfast._math import cast, logical_and, logical_not, multiply
from holdfast._reduce import reduce_sum
from holdfast._scope import variable_scope
from holdfast._state import assign_add
from holdfast._tensor import Tensor, TensorLike, convert_to_tensor
from holdfast.losses import broadcast_weights
from holdfast.metrics._pair import (
    Collections,
    Metric,
    collected,
    counter,
    ratio,
    scope_name,
    without_last_1,
)


def _count(
    wanted_label: bool,
    wanted_prediction: bool,
    labels: TensorLike,
    predictions: TensorLike,
    weights: TensorLike,
) -> tuple[Tensor, Tensor]:
    """The weighted number of rows of one kind: (before, after) this batch."""
    first = cast(convert_to_tensor(predictions), dtypes.bool)
    second = cast(convert_to_tensor(labels), dtypes.bool)
    first, second = without_last_1(first, second)
    hits = logical_and(
        second if wanted_label else logical_not(second),
        first if wanted_prediction else logical_not(first),
    )
    amounts = cast(hits, dtypes.float32)
    if weights is not None:
        amounts = multiply(amounts, broadcast_weights(weights, amounts))
    so_far = counter("count")
    return so_far, assign_add(so_far, reduce_sum(amounts))


def _counting(
    scope: str,
    kind: tuple[bool, bool],
    labels: TensorLike,
    predictions: TensorLike,
    weights: TensorLike,
    collections: tuple[Collections, Collections],
) -> Metric:
    with variable_scope(scope):
        so_far, counted = _count(*kind, labels, predictions, weights)
        value = cast(so_far, dtypes.float32, "value")
        update = cast(counted, dtypes.float32, "update_op")
        return collected(value, update, *collections)


def true_positives(
    labels: TensorLike,
    predictions: TensorLike,
    weights: TensorLike = None,
    metrics_collections: Collections = None,
    updates_collections: Collections = None,
    name: str | None = None,
) -> Metric:
    """Returns the weighted number of predictions that are true, and rightly so; cast to bool."""
    scope = scope_name(name, "true_positives")
    collections = (metrics_collections, updates_collections)
    return _counting(scope, (True, True), labels, predictions, weights, collections)


def true_negatives(
    labels: TensorLike,
    predictions: TensorLike,
    weights: TensorLike = None,
    metrics_collections: Collections = None,
    updates_collections: Collections = None,
    name: str | None = None,
) -> Metric:
    """Returns the weighted number of predictions that are false, and rightly so; cast to bool."""
    scope = scope_name(name, "true_negatives")
    collections = (metrics_collections, updates_collections)
    return _counting(scope, (False, False), labels, predictions, weights, collections)


def false_positives(
    labels: TensorLike,
    predictions: TensorLike,
    weights: TensorLike = None,
    metrics_collections: Collections = None,
    updates_collections: Collections = None,
    name: str | None = None,
) -> Metric:
    """Returns the weighted number of predictions that are true, and wrongly so; cast to bool."""
    scope = scope_name(name, "false_positives")
    collections = (metrics_collections, updates_collections)
    return _counting(scope, (False, True), labels, predictions, weights, collections)


def false_negatives(
    labels: TensorLike,
    predictions: TensorLike,
    weights: TensorLike = None,
    metrics_collections: Collections = None,
    updates_collections: Collections = None,
    name: str | None = None,
) -> Metric:
    """Returns the weighted number of predictions that are false, and wrongly so; cast to bool."""
    scope = scope_name(name, "false_negatives")
    collections = (metrics_collections, updates_collections)
    return _counting(scope, (True, False), labels, predictions, weights, collections)


def _share(
    scope: str,
    other: tuple[str, tuple[bool, bool]],
    labels: TensorLike,
    predictions: TensorLike,
    weights: TensorLike,
    collections: tuple[Collections, Collections],
) -> Metric:
    """True positives over true positives and those of the other kind; 0 of none."""
    with variable_scope(scope):
        with variable_scope("true_positives"):
            right, new_right = _count(True, True, labels, predictions, weights)
        with variable_scope(other[0]):
            wrong, new_wrong = _count(*other[1], labels, predictions, weights)
        value = ratio(right, right + wrong, "value")
        update = ratio(new_right, new_right + new_wrong, "update_op")
        return collected(value, update, *collections)


def precision(
    labels: TensorLike,
    predictions: TensorLike,
    weights: TensorLike = None,
    metrics_collections: Collections = None,
    updates_collections: Collections = None,
    name: str | None = None,
) -> Metric:
    """Returns the share of true predictions that are right; 0 of none. Inputs are cast to bool."""
    other = ("false_positives", (False, True))
    collections = (metrics_collections, updates_collections)
    scope = scope_name(name, "precision")
    return _share(scope, other, labels, predictions, weights, collections)


def recall(
    labels: TensorLike,
    predictions: TensorLike,
    weights: TensorLike = None,
    metrics_collections: Collections = None,
    updates_collections: Collections = None,
    name: str | None = None,
) -> Metric:
    """Returns the share of true labels that are found; 0 of none. Inputs are cast to bool."""
    other = ("false_negatives", (True, False))
    collections = (metrics_collections, updates_collections)
    scope = scope_name(name, "recall")
    return _share(scope, other, labels, predictions, weights, collections)
