"""Areas under curves, from counts at many thresholds.

Source: tf.metrics.auc of TensorFlow 1.x; the interpolation is Davis and Goadrich, "The relationship
between precision-recall and ROC curves", 2006.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from holdfast._math import div_no_nan, equal, log, logical_or, maximum, minimum, where
from holdfast._reduce import reduce_sum
from holdfast._shape import ones_like, zeros_like
from holdfast._tensor import Tensor

# The rows of the operation auc_counts.
ROWS = ("true_positives", "false_positives", "true_negatives", "false_negatives")

# Moves the outer thresholds beyond [0, 1], so that every prediction lies between them.
_BEYOND = 1e-7
# Keeps the rates defined; part of TensorFlow's numbers.
_EPSILON = 1e-6

Counts = Mapping[str, Tensor]


def thresholds(count: int, between: Sequence[float] | None) -> list[float]:
    """Returns the thresholds: `between`, or count - 2 even ones, within the outer two."""
    if between is None:
        inner = [i / (count - 1) for i in range(1, count - 1)]
    else:
        inner = sorted(float(t) for t in between)
    return [-_BEYOND, *inner, 1.0 + _BEYOND]


def area(counts: Counts, curve: str, method: str) -> Tensor:
    """Returns the area under the curve as a float64 scalar. Raises: ValueError for other names."""
    if curve not in ("ROC", "PR"):
        raise ValueError(f"curve must be either ROC or PR, {curve} unknown")
    if method not in ("trapezoidal", "careful_interpolation", "minoring", "majoring"):
        raise ValueError(f"Invalid summation_method: {method}")
    if method == "careful_interpolation" and curve == "PR":
        return _interpolated_pr(counts)
    x, y = _points(counts, curve)
    left, right = y[:-1], y[1:]
    if method == "minoring":
        heights = minimum(left, right)
    elif method == "majoring":
        heights = maximum(left, right)
    else:
        heights = (left + right) / 2.0
    return reduce_sum((x[:-1] - x[1:]) * heights)


def _points(counts: Counts, curve: str) -> tuple[Tensor, Tensor]:
    tp, fp, tn, fn = (counts[row] for row in ROWS)
    recall = (tp + _EPSILON) / (tp + fn + _EPSILON)
    if curve == "ROC":
        return fp / (fp + tn + _EPSILON), recall
    return recall, (tp + _EPSILON) / (tp + fp + _EPSILON)


def _interpolated_pr(counts: Counts) -> Tensor:
    tp, fp, _, fn = (counts[row] for row in ROWS)
    positives = tp + fp
    gained = tp[:-1] - tp[1:]
    step = positives[:-1] - positives[1:]
    slope = div_no_nan(gained, maximum(step, zeros_like(step)))
    intercept = tp[1:] - slope * positives[1:]
    upper, lower = positives[:-1], positives[1:]
    undefined = logical_or(equal(upper, 0.0), equal(lower, 0.0))
    one = ones_like(upper)
    ratio = where(undefined, one, upper / where(undefined, one, lower))
    parts = slope * (gained + intercept * log(ratio))
    return reduce_sum(div_no_nan(parts, tp[1:] + fn[1:]))
