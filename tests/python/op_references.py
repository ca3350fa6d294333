"""What operations compute, by NumPy in float64."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from op_operands import Array

from holdfast import _core


def softmax(x: Array) -> Array:
    e = np.exp(x - x.max(-1, keepdims=True, initial=-np.inf))
    return e / e.sum(-1, keepdims=True)


def log_softmax(x: Array) -> Array:
    shifted = x - x.max(-1, keepdims=True, initial=-np.inf)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def sigmoid_loss(x: Array, z: Array) -> Array:
    return np.maximum(x, 0) - x * z + np.log1p(np.exp(-np.abs(x)))


def turned(a: Array, b: Array, transpose_a: bool, transpose_b: bool) -> tuple[Array, Array]:
    return (a.T if transpose_a else a), (b.T if transpose_b else b)


def dense(x: Array, kernel: Array, bias: Array | float = 0.0) -> Array:
    return x @ kernel + bias


def take(x: Array, begin: Any, end: Any, stride: Any, drop: Any) -> Array:
    parts = [
        begin[i] if i in drop else slice(begin[i], end[i], stride[i]) for i in range(len(begin))
    ]
    return np.asarray(x[tuple(parts)])


def one_hot(ids: Array, depth: int, axis: int, off_value: float) -> Array:
    rows = np.where(ids[..., None] == np.arange(depth), 1.0, off_value)
    return np.moveaxis(rows, -1, axis)


def sum_like(wide: Array, like: Array) -> Array:
    axes = tuple(range(wide.ndim - like.ndim))
    total = wide.sum(axis=axes)
    kept = tuple(i for i, size in enumerate(like.shape) if size == 1)
    return np.asarray(total.sum(axis=kept, keepdims=True))


def auc_counts(labels: Array, scores: Array, weights: Array, thresholds: Any) -> Array:
    above = scores[None, :] > np.asarray(thresholds)[:, None]
    cells = [above & labels, above & ~labels, ~above & ~labels, ~above & labels]
    return np.stack([(cell * weights).sum(-1) for cell in cells])


def looked_up(x: Array, vocabulary: Sequence[bytes]) -> Array:
    positions = {word: i for i, word in enumerate(vocabulary)}
    return np.array([positions.get(word, -1) for word in x.flat], np.int64).reshape(x.shape)


def reduction(function: Callable[..., Any]) -> Callable[..., Any]:
    """NumPy's function under the operation's attribute names, in the dtype of the operand."""

    def reduce(x: Array, keep_dims: bool, axes: Sequence[int] | None = None) -> Array:
        axis = tuple(range(x.ndim)) if axes is None else tuple(axes)
        return np.asarray(function(x, axis=axis, keepdims=keep_dims)).astype(x.dtype)

    return reduce


def largest(x: Array, **how: Any) -> Any:
    lowest = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    return np.max(x, initial=lowest, **how)


def smallest(x: Array, **how: Any) -> Any:
    highest = np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).max
    return np.min(x, initial=highest, **how)


def mean(x: Array, **how: Any) -> Any:
    if x.dtype.kind == "f":
        count = np.sum(np.ones_like(x), **how)
        return np.sum(x, **how) / count
    return np.trunc(np.mean(x, **how))


def zero_fraction(x: Array) -> Array:
    return np.float32(np.mean(x == 0) if x.size else np.nan)


def histogram(x: Array) -> Array:
    """min, max, num, sum, squares, buckets of min and max, then the count below each limit."""
    limits = np.array(_core.histogram_limits())
    counts = np.zeros(len(limits))
    ends = [x.min(), x.max()] if x.size else [0, 0]
    buckets = np.searchsorted(limits, [ends, *x.reshape(-1, 1).repeat(2, axis=1)], side="right")
    np.add.at(counts, buckets[1:, 0], 1)
    span = buckets[0] if x.size else [0, 0]
    return np.array([*ends, x.size, x.sum(), np.square(x).sum(), *span, *counts])
