"""Counts at many thresholds at once: shares at each of them, and areas under curves."""

from __future__ import annotations

from collections.abc import Sequence

from holdfast import dtypes
from holdfast._math import cast, multiply
from holdfast._scope import variable_scope
from holdfast._shape import ones_like, reshape
from holdfast._state import assign_add
from holdfast._tensor import Tensor, TensorLike, apply, convert_to_tensor
from holdfast.losses import broadcast_weights
from holdfast.metrics import _area
from holdfast.metrics._pair import Collections, Metric, collected, counter, floats, scope_name

# Source: the epsilon of precision_at_thresholds and recall_at_thresholds in TensorFlow 1.x.
_EPSILON_AT_THRESHOLDS = 1e-7


def _counts_at(
    thresholds: Sequence[float],
    kinds: Sequence[str],
    labels: TensorLike,
    predictions: TensorLike,
    weights: TensorLike,
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Weighted counts for each threshold: (before, after) this batch, by kind."""
    second, first = floats(labels, predictions)
    truth = cast(convert_to_tensor(labels), dtypes.bool)
    amounts = ones_like(first)
    if weights is not None:
        amounts = multiply(amounts, broadcast_weights(weights, first))
    flat = [reshape(x, [-1]) for x in (truth, first, amounts)]
    del second
    counts = apply("auc_counts", flat, {"thresholds": [float(t) for t in thresholds]})
    before: dict[str, Tensor] = {}
    after: dict[str, Tensor] = {}
    for kind in kinds:
        so_far = counter(kind, [len(thresholds)])
        before[kind] = so_far
        after[kind] = assign_add(so_far, counts[_area.ROWS.index(kind)])
    return before, after


def auc(
    labels: TensorLike,
    predictions: TensorLike,
    weights: TensorLike = None,
    num_thresholds: int = 200,
    metrics_collections: Collections = None,
    updates_collections: Collections = None,
    curve: str = "ROC",
    name: str | None = None,
    summation_method: str = "trapezoidal",
    thresholds: Sequence[float] | None = None,
) -> Metric:
    """Returns the area under a curve of the rates at many thresholds.

    Args:
      labels: Cast to bool.
      predictions: In [0, 1]; positive where greater than a threshold.
      weights: What broadcasts to `predictions`; None means 1.
      num_thresholds: Evenly spaced, the first just below 0 and the last just above 1.
      metrics_collections: What the value joins.
      updates_collections: What the update joins.
      curve: "ROC", or "PR" for precision over recall.
      name: Of the variable scope.
      summation_method: "trapezoidal", "careful_interpolation", "minoring" or "majoring".
      thresholds: Thresholds between the first and the last, instead of even ones.

    Raises: ValueError for another curve or method.
    """
    with variable_scope(name, "auc"):
        levels = _area.thresholds(num_thresholds, thresholds)
        counts = _counts_at(levels, _area.ROWS, labels, predictions, weights)
        value, update = (
            cast(_area.area(c, curve, summation_method), dtypes.float32, title)
            for c, title in zip(counts, ("value", "update_op"), strict=True)
        )
        return collected(value, update, metrics_collections, updates_collections)


def _share_at_thresholds(
    scope: str,
    other: str,
    labels: TensorLike,
    predictions: TensorLike,
    thresholds: Sequence[float],
    weights: TensorLike,
    collections: tuple[Collections, Collections],
) -> Metric:
    with variable_scope(scope):
        kinds = ("true_positives", other)
        value, update = (
            cast(
                c["true_positives"] / (c["true_positives"] + c[other] + _EPSILON_AT_THRESHOLDS),
                dtypes.float32,
                title,
            )
            for c, title in zip(
                _counts_at(thresholds, kinds, labels, predictions, weights),
                ("value", "update_op"),
                strict=True,
            )
        )
        return collected(value, update, *collections)


def precision_at_thresholds(
    labels: TensorLike,
    predictions: TensorLike,
    thresholds: Sequence[float],
    weights: TensorLike = None,
    metrics_collections: Collections = None,
    updates_collections: Collections = None,
    name: str | None = None,
) -> Metric:
    """Returns TP / (TP + FP + 1e-7) where predictions greater than each threshold are positive."""
    scope = scope_name(name, "precision_at_thresholds")
    collections = (metrics_collections, updates_collections)
    kind = "false_positives"
    return _share_at_thresholds(scope, kind, labels, predictions, thresholds, weights, collections)


def recall_at_thresholds(
    labels: TensorLike,
    predictions: TensorLike,
    thresholds: Sequence[float],
    weights: TensorLike = None,
    metrics_collections: Collections = None,
    updates_collections: Collections = None,
    name: str | None = None,
) -> Metric:
    """Returns TP / (TP + FN + 1e-7) where predictions greater than each threshold are positive."""
    scope = scope_name(name, "recall_at_thresholds")
    collections = (metrics_collections, updates_collections)
    kind = "false_negatives"
    return _share_at_thresholds(scope, kind, labels, predictions, thresholds, weights, collections)
