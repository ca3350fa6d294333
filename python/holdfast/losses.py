"""Losses: weighted and reduced to a number, and registered in the graph's collection.

Source: tf.losses of TensorFlow 1.x.
"""

from __future__ import annotations

from typing import Any

from holdfast import dtypes, nn
from holdfast._graph import GraphKeys, default_graph_or_none, get_default_graph, name_scope
from holdfast._math import abs as _abs
from holdfast._math import add_n as _add_n
from holdfast._math import (
    cast,
    div_no_nan,
    log,
    maximum,
    minimum,
    multiply,
    not_equal,
    square,
    stop_gradient,
    subtract,
)
from holdfast._reduce import reduce_sum
from holdfast._shape import ones_like, size, squeeze
from holdfast._tensor import Tensor, TensorLike, apply, convert_to_tensor

__all__ = [
    "Reduction",
    "absolute_difference",
    "add_loss",
    "compute_weighted_loss",
    "get_losses",
    "get_regularization_loss",
    "get_regularization_losses",
    "get_total_loss",
    "hinge_loss",
    "huber_loss",
    "log_loss",
    "mean_squared_error",
    "sigmoid_cross_entropy",
    "softmax_cross_entropy",
    "sparse_softmax_cross_entropy",
]


class Reduction:
    """How the losses L of the elements, with weights w, become one number.

    NONE: L*w itself. SUM: sum(L*w). MEAN: sum(L*w) / sum(w). SUM_OVER_BATCH_SIZE: sum(L*w) / number
    of elements. SUM_BY_NONZERO_WEIGHTS: sum(L*w) / number of elements whose w is not 0. A division
    by 0 gives 0.
    """

    NONE = "none"
    SUM = "weighted_sum"
    SUM_OVER_BATCH_SIZE = "weighted_sum_over_batch_size"
    MEAN = "weighted_mean"
    SUM_BY_NONZERO_WEIGHTS = "weighted_sum_by_nonzero_weights"
    SUM_OVER_NONZERO_WEIGHTS = SUM_BY_NONZERO_WEIGHTS

    @classmethod
    def all(cls) -> tuple[str, ...]:
        """Returns every reduction."""
        return (
            cls.NONE,
            cls.SUM,
            cls.MEAN,
            cls.SUM_OVER_BATCH_SIZE,
            cls.SUM_OVER_NONZERO_WEIGHTS,
            cls.SUM_BY_NONZERO_WEIGHTS,
        )

    @classmethod
    def validate(cls, key: Any) -> None:
        """Raises ValueError unless `key` is a reduction."""
        if key not in cls.all():
            raise ValueError(
                f"Invalid Reduction Key {key}; expected one of {', '.join(cls.all())}."
            )


def broadcast_weights(weights: TensorLike, values: Tensor) -> Tensor:
    """Returns float32 weights as a scalar or with as many dimensions as `values`.

    Raises: ValueError unless every size is 1 or that of `values`. Source: weights_broadcast_ops.
    """
    given = cast(convert_to_tensor(weights, preferred_dtype=dtypes.float32), dtypes.float32)
    shape, wanted = dtypes.TensorShape(given.shape), dtypes.TensorShape(values.shape)
    if len(shape) == 0:
        return given
    if len(shape) == len(wanted) + 1 and shape[-1] == 1:
        given = squeeze(given, -1)
    elif len(wanted) == len(shape) + 1 and wanted[-1] == 1:
        given = apply("expand_dims", [given], {"axis": -1}, "ExpandDims")
    shape = dtypes.TensorShape(given.shape)
    fits = len(shape) == len(wanted) and all(
        a is None or b is None or a in (1, b) for a, b in zip(shape, wanted, strict=True)
    )
    if not fits:
        raise ValueError(
            f"weights can not be broadcast to values. values shape: {wanted}; weights shape: "
            f"{shape}; expected a scalar, or sizes of 1 or the values' in every dimension"
        )
    return given


def compute_weighted_loss(
    losses: TensorLike,
    weights: TensorLike = 1.0,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:
    """Returns the losses weighted and reduced.

    Args:
      losses: float32, any shape.
      weights: A number, or what broadcasts to `losses`; elements of weight 0 do not count.
      scope: Of the operations.
      loss_collection: What the result joins; None for nothing.
      reduction: One of Reduction.
    """
    Reduction.validate(reduction)
    with name_scope(scope, "weighted_loss"):
        elements = cast(convert_to_tensor(losses, preferred_dtype=dtypes.float32), dtypes.float32)
        plain = isinstance(weights, (int, float)) and float(weights) == 1.0
        factors = broadcast_weights(weights, elements)
        weighted = elements if plain else multiply(elements, factors)
        if reduction == Reduction.NONE:
            loss = weighted
        else:
            loss = _reduced(elements, factors, weighted, reduction, plain)
        if loss_collection is not None and default_graph_or_none() is not None:
            get_default_graph().add_to_collection(loss_collection, loss)
        return loss


def _reduced(
    losses: Tensor, weights: Tensor, weighted: Tensor, reduction: str, plain: bool
) -> Tensor:
    total = reduce_sum(weighted, name="Sum")
    if reduction == Reduction.SUM:
        return total
    if plain or reduction == Reduction.SUM_OVER_BATCH_SIZE:
        count = cast(size(losses, out_type=dtypes.int64), dtypes.float32)
    elif reduction == Reduction.MEAN:
        count = reduce_sum(multiply(ones_like(losses), weights))
    else:
        count = reduce_sum(
            multiply(ones_like(losses), cast(not_equal(weights, 0.0), dtypes.float32))
        )
    return div_no_nan(total, count, name="value")


def _given(name: str, **values: Any) -> None:
    for what, value in values.items():
        if value is None:
            raise ValueError(f"{name}: {what} must not be None.")


def _pair(name: str, labels: TensorLike, predictions: TensorLike) -> tuple[Tensor, Tensor]:
    """Both as float32 of one shape. Raises: ValueError if the shapes differ."""
    predictions = cast(convert_to_tensor(predictions, preferred_dtype=dtypes.float32), "float32")
    labels = cast(convert_to_tensor(labels, preferred_dtype=dtypes.float32), "float32")
    first, second = dtypes.TensorShape(predictions.shape), dtypes.TensorShape(labels.shape)
    if not first.is_compatible_with(second):
        raise ValueError(f"{name}: Shapes {first} and {second} are incompatible")
    return labels, predictions


def sparse_softmax_cross_entropy(
    labels: TensorLike,
    logits: TensorLike,
    weights: TensorLike = 1.0,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:
    """Returns the cross-entropy of softmax(logits) with the classes `labels`.

    Args:
      labels: int32 or int64 [batch] or [batch, 1], each in [0, classes).
      logits: float32 [batch, classes].
      weights: Of the examples.
      scope: Of the operations.
      loss_collection: What the result joins; None for nothing.
      reduction: One of Reduction.
    """
    _given("sparse_softmax_cross_entropy", labels=labels, logits=logits)
    with name_scope(scope, "sparse_softmax_cross_entropy_loss"):
        labels = convert_to_tensor(labels)
        logits = convert_to_tensor(logits, preferred_dtype=dtypes.float32)
        if len(labels.shape) == len(logits.shape) and labels.shape[-1] == 1:
            labels = squeeze(labels, -1)
        losses = nn.sparse_softmax_cross_entropy_with_logits(
            labels=labels, logits=logits, name="xentropy"
        )
        return compute_weighted_loss(losses, weights, None, loss_collection, reduction)


def softmax_cross_entropy(
    onehot_labels: TensorLike,
    logits: TensorLike,
    weights: TensorLike = 1.0,
    label_smoothing: float = 0,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:
    """Returns the cross-entropy of softmax(logits) with rows of probabilities.

    Args:
      onehot_labels: [batch, classes]; no gradient passes.
      logits: float32 [batch, classes].
      weights: Of the examples.
      label_smoothing: s: the labels become y * (1 - s) + s / classes.
      scope: Of the operations.
      loss_collection: What the result joins; None for nothing.
      reduction: One of Reduction.
    """
    _given("softmax_cross_entropy", onehot_labels=onehot_labels, logits=logits)
    with name_scope(scope, "softmax_cross_entropy_loss"):
        labels, logits = _pair("softmax_cross_entropy", onehot_labels, logits)
        if label_smoothing > 0:
            classes = dtypes.TensorShape(logits.shape)[-1]
            if classes is None:
                raise ValueError("softmax_cross_entropy: label_smoothing needs a known class count")
            labels = labels * (1.0 - label_smoothing) + label_smoothing / classes
        losses = nn.softmax_cross_entropy_with_logits_v2(
            labels=labels, logits=logits, name="xentropy"
        )
        return compute_weighted_loss(losses, weights, None, loss_collection, reduction)


def sigmoid_cross_entropy(
    multi_class_labels: TensorLike,
    logits: TensorLike,
    weights: TensorLike = 1.0,
    label_smoothing: float = 0,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:
    """Returns the cross-entropy of sigmoid(logits) with labels in [0, 1], element by element.

    Args:
      multi_class_labels: Of the shape of `logits`.
      logits: float32.
      weights: Of the elements.
      label_smoothing: s: the labels become y * (1 - s) + s / 2.
      scope: Of the operations.
      loss_collection: What the result joins; None for nothing.
      reduction: One of Reduction.
    """
    _given("sigmoid_cross_entropy", multi_class_labels=multi_class_labels, logits=logits)
    with name_scope(scope, "sigmoid_cross_entropy_loss"):
        labels, logits = _pair("sigmoid_cross_entropy", multi_class_labels, logits)
        if label_smoothing > 0:
            labels = labels * (1.0 - label_smoothing) + 0.5 * label_smoothing
        losses = nn.sigmoid_cross_entropy_with_logits(
            labels=stop_gradient(labels), logits=logits, name="xentropy"
        )
        return compute_weighted_loss(losses, weights, None, loss_collection, reduction)


def mean_squared_error(
    labels: TensorLike,
    predictions: TensorLike,
    weights: TensorLike = 1.0,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:
    """Returns (predictions - labels)^2, weighted and reduced."""
    _given("mean_squared_error", labels=labels, predictions=predictions)
    with name_scope(scope, "mean_squared_error"):
        labels, predictions = _pair("mean_squared_error", labels, predictions)
        losses = square(subtract(predictions, labels), name="SquaredDifference")
        return compute_weighted_loss(losses, weights, None, loss_collection, reduction)


def absolute_difference(
    labels: TensorLike,
    predictions: TensorLike,
    weights: TensorLike = 1.0,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:
    """Returns abs(predictions - labels), weighted and reduced."""
    _given("absolute_difference", labels=labels, predictions=predictions)
    with name_scope(scope, "absolute_difference"):
        labels, predictions = _pair("absolute_difference", labels, predictions)
        losses = _abs(subtract(predictions, labels))
        return compute_weighted_loss(losses, weights, None, loss_collection, reduction)


def huber_loss(
    labels: TensorLike,
    predictions: TensorLike,
    weights: TensorLike = 1.0,
    delta: float = 1.0,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:
    """Returns q^2 / 2 + delta * (abs(e) - q), e the error and q = min(abs(e), delta)."""
    _given("huber_loss", labels=labels, predictions=predictions)
    with name_scope(scope, "huber_loss"):
        labels, predictions = _pair("huber_loss", labels, predictions)
        error = _abs(subtract(predictions, labels))
        quadratic = minimum(error, float(delta))
        losses = multiply(square(quadratic), 0.5) + multiply(error - quadratic, float(delta))
        return compute_weighted_loss(losses, weights, None, loss_collection, reduction)


def hinge_loss(
    labels: TensorLike,
    logits: TensorLike,
    weights: TensorLike = 1.0,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:
    """Returns max(0, 1 - (2 * labels - 1) * logits), labels 0 or 1, weighted and reduced."""
    _given("hinge_loss", labels=labels, logits=logits)
    with name_scope(scope, "hinge_loss"):
        labels, logits = _pair("hinge_loss", labels, logits)
        signs = multiply(labels, 2.0) - 1.0
        losses = maximum(1.0 - multiply(signs, logits), 0.0)
        return compute_weighted_loss(losses, weights, None, loss_collection, reduction)


def log_loss(
    labels: TensorLike,
    predictions: TensorLike,
    weights: TensorLike = 1.0,
    epsilon: float = 1e-7,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:
    """Returns -y * log(p + epsilon) - (1 - y) * log(1 - p + epsilon), weighted and reduced."""
    _given("log_loss", labels=labels, predictions=predictions)
    with name_scope(scope, "log_loss"):
        labels, predictions = _pair("log_loss", labels, predictions)
        right = multiply(labels, log(predictions + epsilon))
        wrong = multiply(1.0 - labels, log(1.0 - predictions + epsilon))
        return compute_weighted_loss(-right - wrong, weights, None, loss_collection, reduction)


def add_loss(loss: Tensor, loss_collection: str | None = GraphKeys.LOSSES) -> None:
    """Registers a loss in the default graph's collection."""
    if loss_collection is not None:
        get_default_graph().add_to_collection(loss_collection, loss)


def get_losses(scope: str | None = None, loss_collection: str = GraphKeys.LOSSES) -> list[Tensor]:
    """Returns the losses registered in the default graph."""
    return get_default_graph().get_collection(loss_collection, scope)


def get_regularization_losses(scope: str | None = None) -> list[Tensor]:
    """Returns what the regularizers of layers and variables have registered."""
    return get_default_graph().get_collection(GraphKeys.REGULARIZATION_LOSSES, scope)


def get_regularization_loss(
    scope: str | None = None, name: str = "total_regularization_loss"
) -> Tensor:
    """Returns the sum of the regularization losses, 0 if there are none."""
    penalties = get_regularization_losses(scope)
    return _add_n(penalties, name=name) if penalties else convert_to_tensor(0.0)


def get_total_loss(
    add_regularization_losses: bool = True, name: str = "total_loss", scope: str | None = None
) -> Tensor:
    """Returns the sum of the registered losses and, if asked, the regularization losses.

    Raises: ValueError if there are none.
    """
    parts = get_losses(scope)
    if add_regularization_losses:
        parts = parts + get_regularization_losses(scope)
    return _add_n(parts, name=name)
