"""Activations, softmax and cross-entropies: what layers and losses are made of.

Source: tf.nn of TensorFlow 1.x.
"""

from __future__ import annotations

from typing import Any

from holdfast import dtypes
from holdfast._graph import default_graph_or_none
from holdfast._math import stop_gradient
from holdfast._reduce import known_axis, reduce_sum
from holdfast._shape import transpose
from holdfast._tensor import Tensor, TensorLike, apply, binary, convert_to_tensor

__all__ = [
    "bias_add",
    "dropout",
    "elu",
    "l2_loss",
    "leaky_relu",
    "log_softmax",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "sigmoid_cross_entropy_with_logits",
    "softmax",
    "softmax_cross_entropy_with_logits",
    "softmax_cross_entropy_with_logits_v2",
    "softplus",
    "softsign",
    "sparse_softmax_cross_entropy_with_logits",
    "swish",
    "tanh",
    "xw_plus_b",
    "zero_fraction",
]


def _activation(op: str, x: TensorLike, name: str, **attributes: float) -> Tensor:
    x = convert_to_tensor(x, preferred_dtype=dtypes.float32)
    return apply(op, [x], attributes, name)


def relu(features: TensorLike, name: str | None = None) -> Tensor:
    """Returns max(x, 0); the derivative at 0 is 0."""
    return _activation("relu", features, name or "Relu")


def relu6(features: TensorLike, name: str | None = None) -> Tensor:
    """Returns min(max(x, 0), 6)."""
    return _activation("relu6", features, name or "Relu6")


def leaky_relu(features: TensorLike, alpha: float = 0.2, name: str | None = None) -> Tensor:
    """Returns x where x > 0, alpha * x elsewhere."""
    return _activation("leaky_relu", features, name or "LeakyRelu", alpha=float(alpha))


def elu(features: TensorLike, name: str | None = None) -> Tensor:
    """Returns x where x > 0, exp(x) - 1 elsewhere."""
    return _activation("elu", features, name or "Elu")


def selu(features: TensorLike, name: str | None = None) -> Tensor:
    """Returns scale * (x where x > 0, alpha * (exp(x) - 1) elsewhere).

    Source: Klambauer et al., "Self-Normalizing Neural Networks", 2017.
    """
    return _activation("selu", features, name or "Selu")


def tanh(x: TensorLike, name: str | None = None) -> Tensor:
    """Returns the hyperbolic tangent."""
    return _activation("tanh", x, name or "Tanh")


def sigmoid(x: TensorLike, name: str | None = None) -> Tensor:
    """Returns 1 / (1 + exp(-x))."""
    return _activation("sigmoid", x, name or "Sigmoid")


def softplus(features: TensorLike, name: str | None = None) -> Tensor:
    """Returns log(1 + exp(x))."""
    return _activation("softplus", features, name or "Softplus")


def softsign(features: TensorLike, name: str | None = None) -> Tensor:
    """Returns x / (1 + abs(x))."""
    return _activation("softsign", features, name or "Softsign")


def swish(features: TensorLike, name: str | None = None) -> Tensor:
    """Returns x * sigmoid(x)."""
    return binary("mul", features, sigmoid(features), name or "swish")


def softmax(
    logits: TensorLike, axis: int | None = None, name: str | None = None, dim: int | None = None
) -> Tensor:
    """Returns exp(x) / sum(exp(x)) along `axis`, the last if None."""
    return _along("softmax", logits, axis if dim is None else dim, name or "Softmax")


def log_softmax(
    logits: TensorLike, axis: int | None = None, name: str | None = None, dim: int | None = None
) -> Tensor:
    """Returns x - log(sum(exp(x))) along `axis`, the last if None."""
    return _along("log_softmax", logits, axis if dim is None else dim, name or "LogSoftmax")


def _along(op: str, x: TensorLike, axis: int | None, name: str) -> Tensor:
    x = convert_to_tensor(x, preferred_dtype=dtypes.float32)
    last = len(x.shape) - 1
    at = last if axis is None else known_axis(x, axis)
    if at == last:
        return apply(op, [x], name=name)
    order = list(range(last + 1))
    order[at], order[last] = last, at
    return transpose(apply(op, [transpose(x, order)], name=name), order)


def dropout(
    x: TensorLike,
    keep_prob: float | None = None,
    noise_shape: Any = None,
    seed: int | None = None,
    name: str | None = None,
    rate: float | None = None,
) -> Tensor:
    """Sets elements to 0 at random and scales the others, so that the mean stays.

    The mask is a function of the run's seed, the operation's name, the step and the element.

    Args:
      x: float32.
      keep_prob: The share that is kept; or give `rate`.
      noise_shape: Refused unless None.
      seed: Names another mask of the same run; None takes the operation's name.
      name: Of the operation.
      rate: The share that becomes 0, in [0, 1).

    Raises: ValueError unless exactly one share is given, and for one that is out of range.
    """
    if (keep_prob is None) == (rate is None):
        raise ValueError("dropout: expected one of `rate` and `keep_prob`")
    if noise_shape is not None:
        raise NotImplementedError("dropout: noise_shape is not supported")
    share = float(rate) if rate is not None else 1.0 - float(keep_prob or 0.0)
    if not 0.0 <= share < 1.0:
        raise ValueError(f"dropout: rate must be a number in the range [0, 1), got {share}")
    x = convert_to_tensor(x, preferred_dtype=dtypes.float32)
    if share == 0.0:
        return apply("identity", [x], name=name or "dropout")
    graph = default_graph_or_none()
    place = (name or "dropout") if graph is None else graph.unique_name(name or "dropout", False)
    stream = place if seed is None else f"seed {int(seed)}"
    return apply("dropout", [x], {"rate": share, "stream": stream}, name or "dropout")


def bias_add(
    value: TensorLike, bias: TensorLike, data_format: str | None = None, name: str | None = None
) -> Tensor:
    """Returns value + bias along the last axis. Raises: ValueError unless bias has one axis."""
    del data_format
    bias = convert_to_tensor(bias, preferred_dtype=dtypes.float32)
    if len(bias.shape) != 1:
        raise ValueError(f"bias_add: expected a bias of one dimension; got shape {bias.shape}")
    return binary("add", value, bias, name or "BiasAdd")


def xw_plus_b(
    x: TensorLike, weights: TensorLike, biases: TensorLike, name: str | None = None
) -> Tensor:
    """Returns x times weights, plus biases."""
    return apply("dense", [x, weights, biases], name=name or "xw_plus_b")


def zero_fraction(value: TensorLike, name: str | None = None) -> Tensor:
    """Returns the share of values that are zero, a float32 scalar; NaN of nothing."""
    value = convert_to_tensor(value, preferred_dtype=dtypes.float32)
    return apply("zero_fraction", [value], name=name or "zero_fraction")


def l2_loss(t: TensorLike, name: str | None = None) -> Tensor:
    """Returns half the sum of squares."""
    squares = apply("square", [convert_to_tensor(t, preferred_dtype=dtypes.float32)])
    return binary("mul", reduce_sum(squares), 0.5, name or "L2Loss")


def _two(function: str, sentinel: Any, labels: Any, logits: Any) -> None:
    if sentinel is not None:
        raise ValueError(
            f"Only call `{function}` with named arguments (labels=..., logits=..., ...)"
        )
    if labels is None or logits is None:
        raise ValueError("Both labels and logits must be provided.")


def sparse_softmax_cross_entropy_with_logits(
    _sentinel: Any = None,
    labels: TensorLike = None,
    logits: TensorLike = None,
    name: str | None = None,
) -> Tensor:
    """Returns log(sum(exp(logits))) - logits[label] of each row.

    Args:
      _sentinel: Refused: labels and logits are easily mistaken for each other.
      labels: int32 or int64, one dimension less than `logits`, each in [0, classes).
      logits: float32 [..., classes].
      name: Of the operation.

    Returns: float32 of the shape of `labels`.

    Raises: ValueError if the shapes do not fit. When running, InvalidArgumentError for a label
      out of range.
    """
    _two("sparse_softmax_cross_entropy_with_logits", _sentinel, labels, logits)
    labels = convert_to_tensor(labels)
    logits = convert_to_tensor(logits, preferred_dtype=dtypes.float32)
    rank = len(logits.shape)
    if len(labels.shape) != rank - 1:
        raise ValueError(
            f"Rank mismatch: Rank of labels (received {len(labels.shape)}) should equal rank of "
            f"logits minus 1 (received {rank})."
        )
    if labels.dtype != dtypes.int64:
        labels = apply("cast", [labels], {"dtype": "int64"}, "Cast")
    op, title = "sparse_softmax_cross_entropy", name or "SparseSoftmaxCrossEntropyWithLogits"
    if rank == 2:
        return apply(op, [logits, labels], name=title)
    classes = dtypes.TensorShape(logits.shape)[-1]
    rows = apply("reshape", [logits], {"shape": [-1, -1 if classes is None else int(classes)]})
    losses = apply(op, [rows, apply("reshape", [labels], {"shape": [-1]})], name=title)
    return apply("reshape_like", [losses, labels])


def softmax_cross_entropy_with_logits_v2(
    _sentinel: Any = None,
    labels: TensorLike = None,
    logits: TensorLike = None,
    axis: int | None = None,
    name: str | None = None,
    dim: int | None = None,
) -> Tensor:
    """Returns -sum(labels * log_softmax(logits)) of each row.

    Args:
      _sentinel: Refused: labels and logits are easily mistaken for each other.
      labels: float32 of the shape of `logits`, rows that sum to 1. Gradients do not pass.
      logits: float32 [rows, classes].
      axis: Of the classes: the last.
      name: Of the operation.
      dim: The old name of `axis`.
    """
    _two("softmax_cross_entropy_with_logits", _sentinel, labels, logits)
    logits = convert_to_tensor(logits, preferred_dtype=dtypes.float32)
    chosen = axis if dim is None else dim
    if chosen is not None and known_axis(logits, chosen) != len(logits.shape) - 1:
        raise NotImplementedError(f"axis: expected the last one; got {chosen}. Use tf.transpose")
    labels = convert_to_tensor(labels, preferred_dtype=logits.dtype)
    if labels.dtype != logits.dtype:
        labels = apply("cast", [labels], {"dtype": dtypes.as_dtype(logits.dtype).name}, "Cast")
    title = name or "softmax_cross_entropy_with_logits"
    return apply("softmax_cross_entropy", [logits, stop_gradient(labels)], name=title)


def softmax_cross_entropy_with_logits(
    _sentinel: Any = None,
    labels: TensorLike = None,
    logits: TensorLike = None,
    dim: int = -1,
    name: str | None = None,
    axis: int | None = None,
) -> Tensor:
    """Returns -sum(labels * log_softmax(logits)) of each row; no gradient to the labels."""
    return softmax_cross_entropy_with_logits_v2(
        _sentinel, labels, logits, dim if axis is None else axis, name
    )


def sigmoid_cross_entropy_with_logits(
    _sentinel: Any = None,
    labels: TensorLike = None,
    logits: TensorLike = None,
    name: str | None = None,
) -> Tensor:
    """Returns max(z, 0) - z * y + log(1 + exp(-abs(z))) of each element.

    Args:
      _sentinel: Refused: labels and logits are easily mistaken for each other.
      labels: y, float32 of the shape of `logits`, in [0, 1]. Gradients do not pass.
      logits: z, float32.
      name: Of the operation.
    """
    _two("sigmoid_cross_entropy_with_logits", _sentinel, labels, logits)
    logits = convert_to_tensor(logits, preferred_dtype=dtypes.float32)
    labels = convert_to_tensor(labels, preferred_dtype=logits.dtype)
    if not dtypes.TensorShape(logits.shape).is_compatible_with(list(labels.shape)):
        raise ValueError(
            f"logits and labels must have the same shape ({logits.shape} vs {labels.shape})"
        )
    return apply("sigmoid_cross_entropy", [logits, labels], name=name or "logistic_loss")
