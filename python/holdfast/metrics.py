"""Metrics over many batches: pairs of (value so far, operation that takes in a batch).

The counters are float64 variables that checkpoints do not hold; values are float32.
Source: tf.metrics of TensorFlow 1.x.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from holdfast import _metric_auc, dtypes, initializers
from holdfast._graph import GraphKeys, get_default_graph
from holdfast._math import abs as _abs
from holdfast._math import cast, div_no_nan, equal, logical_and, logical_not, multiply, square
from holdfast._math import sqrt as _sqrt
from holdfast._reduce import reduce_sum
from holdfast._scope import get_variable_scope, variable_scope
from holdfast._shape import ones_like, reshape, squeeze
from holdfast._state import assign_add
from holdfast._tensor import Tensor, TensorLike, apply, convert_to_tensor
from holdfast._variables import Variable, new_variable
from holdfast.losses import broadcast_weights

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

Metric = tuple[Tensor, Tensor]
Collections = Iterable[str] | str | None


def _counter(name: str, shape: Sequence[int] = ()) -> Variable:
    scope = get_variable_scope().name
    return new_variable(
        f"{scope}/{name}" if scope else name,
        shape,
        dtypes.float64,
        initializers.Zeros(),
        collections=[GraphKeys.LOCAL_VARIABLES, GraphKeys.METRIC_VARIABLES],
        role="local",
    )


def _collected(
    value: Tensor, update: Tensor, value_collections: Collections, update_collections: Collections
) -> Metric:
    graph = get_default_graph()
    if value_collections:
        graph.add_to_collections(value_collections, value)
    if update_collections:
        graph.add_to_collections(update_collections, update)
    return value, update


def _ratio(total: Tensor, count: Tensor, name: str) -> Tensor:
    return cast(div_no_nan(total, count), dtypes.float32, name)


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
        total, count = _counter("total"), _counter("count")
        amounts = ones_like(elements)
        if weights is not None:
            amounts = multiply(amounts, broadcast_weights(weights, elements))
            elements = multiply(elements, amounts)
        new_total = assign_add(total, reduce_sum(elements))
        new_count = assign_add(count, reduce_sum(amounts))
        value = _ratio(total, count, "value")
        update = _ratio(new_total, new_count, "update_op")
        return _collected(value, update, metrics_collections, updates_collections)


def _without_last_1(predictions: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Drops a last dimension of size 1 that only one of the two has. Raises: ValueError."""
    extra = len(predictions.shape) - len(labels.shape)
    if extra == 1 and predictions.shape[-1] in (1, None):
        predictions = squeeze(predictions, -1)
    elif extra == -1 and labels.shape[-1] in (1, None):
        labels = squeeze(labels, -1)
    first, second = dtypes.TensorShape(predictions.shape), dtypes.TensorShape(labels.shape)
    if not first.is_compatible_with(second):
        raise ValueError(f"Shapes {first} and {second} are incompatible")
    return predictions, labels


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
    first, second = _without_last_1(convert_to_tensor(predictions), convert_to_tensor(labels))
    if first.dtype is not second.dtype:
        first = cast(first, second.dtype)
    right = cast(equal(first, second), dtypes.float32)
    return mean(right, weights, metrics_collections, updates_collections, name or "accuracy")


def _floats(labels: TensorLike, predictions: TensorLike) -> tuple[Tensor, Tensor]:
    first = cast(convert_to_tensor(predictions, preferred_dtype=dtypes.float32), dtypes.float32)
    second = cast(convert_to_tensor(labels, preferred_dtype=dtypes.float32), dtypes.float32)
    first, second = _without_last_1(first, second)
    return second, first


def mean_squared_error(
    labels: TensorLike,
    predictions: TensorLike,
    weights: TensorLike = None,
    metrics_collections: Collections = None,
    updates_collections: Collections = None,
    name: str | None = None,
) -> Metric:
    """Returns the weighted mean of (predictions - labels)^2; arguments as of accuracy."""
    labels, predictions = _floats(labels, predictions)
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
    labels, predictions = _floats(labels, predictions)
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
    return _collected(_sqrt(squared), _sqrt(update), metrics_collections, updates_collections)


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
    first, second = _without_last_1(first, second)
    hits = logical_and(
        second if wanted_label else logical_not(second),
        first if wanted_prediction else logical_not(first),
    )
    amounts = cast(hits, dtypes.float32)
    if weights is not None:
        amounts = multiply(amounts, broadcast_weights(weights, amounts))
    counter = _counter("count")
    return counter, assign_add(counter, reduce_sum(amounts))


def _counting(
    scope: str,
    kind: tuple[bool, bool],
    labels: TensorLike,
    predictions: TensorLike,
    weights: TensorLike,
    collections: tuple[Collections, Collections],
) -> Metric:
    with variable_scope(scope):
        counter, counted = _count(*kind, labels, predictions, weights)
        value = cast(counter, dtypes.float32, "value")
        update = cast(counted, dtypes.float32, "update_op")
        return _collected(value, update, *collections)


def _scope_name(name: str | None, default: str) -> str:
    """The name given, or the default one made unique among the variable scopes."""
    from holdfast._scope import scopes_of, unique_scope_name

    return name or unique_scope_name(scopes_of(get_default_graph()), default)


def true_positives(
    labels: TensorLike,
    predictions: TensorLike,
    weights: TensorLike = None,
    metrics_collections: Collections = None,
    updates_collections: Collections = None,
    name: str | None = None,
) -> Metric:
    """Returns the weighted number of predictions that are true, and rightly so; cast to bool."""
    scope = _scope_name(name, "true_positives")
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
    scope = _scope_name(name, "true_negatives")
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
    scope = _scope_name(name, "false_positives")
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
    scope = _scope_name(name, "false_negatives")
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
        value = _ratio(right, right + wrong, "value")
        update = _ratio(new_right, new_right + new_wrong, "update_op")
        return _collected(value, update, *collections)


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
    scope = _scope_name(name, "precision")
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
    scope = _scope_name(name, "recall")
    return _share(scope, other, labels, predictions, weights, collections)


def _counts_at(
    thresholds: Sequence[float],
    kinds: Sequence[str],
    labels: TensorLike,
    predictions: TensorLike,
    weights: TensorLike,
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Weighted counts for each threshold: (before, after) this batch, by kind."""
    second, first = _floats(labels, predictions)
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
        counter = _counter(kind, [len(thresholds)])
        before[kind] = counter
        after[kind] = assign_add(counter, counts[_metric_auc.ROWS.index(kind)])
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
        levels = _metric_auc.thresholds(num_thresholds, thresholds)
        counts = _counts_at(levels, _metric_auc.ROWS, labels, predictions, weights)
        value, update = (
            cast(_metric_auc.area(c, curve, summation_method), dtypes.float32, title)
            for c, title in zip(counts, ("value", "update_op"), strict=True)
        )
        return _collected(value, update, metrics_collections, updates_collections)


# Source: the epsilon of precision_at_thresholds and recall_at_thresholds in TensorFlow 1.x.
_EPSILON_AT_THRESHOLDS = 1e-7


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
        return _collected(value, update, *collections)


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
    scope = _scope_name(name, "precision_at_thresholds")
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
    scope = _scope_name(name, "recall_at_thresholds")
    collections = (metrics_collections, updates_collections)
    kind = "false_negatives"
    return _share_at_thresholds(scope, kind, labels, predictions, thresholds, weights, collections)
