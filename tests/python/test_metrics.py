"""Streaming metrics against TensorFlow's numbers, over several batches."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import holdfast as tf
from holdfast import _core

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "units.json").read_text())["metrics"]
# TensorFlow counts in float32.
RTOL = 2e-6


def _auc(curve: str, method: str) -> Callable[..., Any]:
    def metric(labels: Any, predictions: Any, weights: Any) -> Any:
        return tf.metrics.auc(labels, predictions, weights, curve=curve, summation_method=method)

    return metric


def _decided(name: str) -> Callable[..., Any]:
    def metric(labels: Any, predictions: Any, weights: Any) -> Any:
        return getattr(tf.metrics, name)(labels, predictions > 0.5, weights)

    return metric


def _at_thresholds(name: str) -> Callable[..., Any]:
    def metric(labels: Any, predictions: Any, weights: Any) -> Any:
        return getattr(tf.metrics, name)(labels, predictions, [0.3, 0.5], weights)

    return metric


CASES: dict[str, Callable[..., Any]] = {
    **{
        f"auc_{curve}_{method}": _auc(curve, method)
        for curve in ("ROC", "PR")
        for method in ("trapezoidal", "careful_interpolation", "minoring", "majoring")
    },
    **{
        name: _decided(name)
        for name in ("accuracy", "precision", "recall", "false_positives", "true_positives")
    },
    "mean": lambda _, predictions, weights: tf.metrics.mean(predictions, weights),
    **{
        name: getattr(tf.metrics, name)
        for name in ("mean_squared_error", "root_mean_squared_error", "mean_absolute_error")
    },
    "precision_at_thresholds(0.3,0.5)": _at_thresholds("precision_at_thresholds"),
    "recall_at_thresholds(0.3,0.5)": _at_thresholds("recall_at_thresholds"),
}


def _run(metric: Callable[..., Any], batches: int, weighted: bool) -> tuple[Any, Any]:
    """(value, last update) after the golden rows in so many equal batches."""
    rows = [np.asarray(GOLDEN[k], np.float32) for k in ("labels", "predictions", "weights")]
    with tf.Graph().as_default() as graph:
        fed = [tf.get_variable(n, [60 // batches], trainable=False) for n in ("y", "p", "w")]
        value, update = metric(fed[0], fed[1], fed[2] if weighted else None)
        assert all(v.role == "local" for v in tf.local_variables())
    trainer = _core.Trainer(graph.core, 0)
    for part in zip(*(np.split(r, batches) for r in rows), strict=True):
        for name, array in zip(("y", "p", "w"), part, strict=True):
            trainer.write_variable(name, array)
        last = trainer.run(1, [update.node], [update.node]).fetched[0]
    return trainer.run(1, [], [value.node]).fetched[0], last


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_metric_over_three_batches(case: str, weighted: bool) -> None:
    expected = GOLDEN["compat_v1_metrics"][("weighted/" if weighted else "") + case]
    value, update = _run(CASES[case], 3, weighted)
    assert value.dtype == np.float32
    np.testing.assert_allclose(value, expected, rtol=RTOL)
    np.testing.assert_array_equal(update, value)


def test_value_before_the_first_batch_is_zero() -> None:
    with tf.Graph().as_default() as graph:
        value, _ = tf.metrics.precision([True], [True])
    assert float(_core.Trainer(graph.core, 0).run(1, [], [value.node]).fetched[0]) == 0.0


def test_counters_are_named_as_in_tensorflow() -> None:
    with tf.Graph().as_default():
        x = tf.constant([1.0])
        for _ in range(2):
            tf.metrics.mean(x)
        tf.metrics.precision(x, x)
        tf.metrics.auc(x, x)
        names = [v.op.name for v in tf.local_variables()]
        assert tf.get_collection(tf.GraphKeys.METRIC_VARIABLES) == tf.local_variables()
        assert tf.global_variables() == []
    assert names == [
        "mean/total",
        "mean/count",
        "mean_1/total",
        "mean_1/count",
        "precision/true_positives/count",
        "precision/false_positives/count",
        "auc/true_positives",
        "auc/false_positives",
        "auc/true_negatives",
        "auc/false_negatives",
    ]


def test_accuracy_squeezes_and_casts() -> None:
    with tf.Graph().as_default() as graph:
        _, update = tf.metrics.accuracy(
            labels=tf.constant([[1], [0], [2]]), predictions=tf.constant([1, 0, 0], tf.int64)
        )
    fetched = _core.Trainer(graph.core, 0).run(1, [], [update.node]).fetched
    assert float(fetched[0]) == pytest.approx(2 / 3, rel=1e-6)


def test_wrong_arguments_are_refused() -> None:
    with tf.Graph().as_default():
        x = tf.constant([1.0])
        with pytest.raises(ValueError, match="curve must be either ROC or PR, XY unknown"):
            tf.metrics.auc(x, x, curve="XY")
        with pytest.raises(ValueError, match="Invalid summation_method: simpson"):
            tf.metrics.auc(x, x, summation_method="simpson")
        with pytest.raises(ValueError, match=r"Shapes \(2,\) and \(1,\) are incompatible"):
            tf.metrics.accuracy(x, tf.constant([1.0, 2.0]))
