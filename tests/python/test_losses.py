"""Losses against TensorFlow's numbers, and their collection."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import holdfast as tf
from holdfast import _core

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "units.json").read_text())["losses"]
# Golden values are float32: about eight digits, and sums of seven of them.
RTOL = 1e-5

REDUCED = {
    "sparse_softmax_cross_entropy": (GOLDEN["labels3"], GOLDEN["logits3"]),
    "mean_squared_error": (GOLDEN["targets"], GOLDEN["predictions"]),
    "sigmoid_cross_entropy": (GOLDEN["binary_labels"], GOLDEN["binary_logits"]),
}


@pytest.mark.parametrize("name", REDUCED)
@pytest.mark.parametrize(
    "reduction", ["NONE", "SUM", "MEAN", "SUM_OVER_BATCH_SIZE", "SUM_BY_NONZERO_WEIGHTS"]
)
def test_weighted_loss_of_every_reduction(name: str, reduction: str) -> None:
    labels, outputs = REDUCED[name]
    got = getattr(tf.losses, name)(
        labels, outputs, GOLDEN["weights"], reduction=getattr(tf.losses.Reduction, reduction)
    )
    expected = GOLDEN["values"][f"{name}/{reduction}"]
    np.testing.assert_allclose(got, expected, rtol=RTOL, atol=1e-7)


def _one_hot() -> Any:
    return np.eye(3, dtype=np.float32)[GOLDEN["labels3"]]


def _sigmoid_of_logits() -> Any:
    return 1 / (1 + np.exp(-np.asarray(GOLDEN["binary_logits"], np.float32)))


UNWEIGHTED = {
    "softmax_cross_entropy(default)": lambda f: f(_one_hot(), GOLDEN["logits3"]),
    "softmax_cross_entropy(label_smoothing=0.1)": lambda f: f(
        _one_hot(), GOLDEN["logits3"], label_smoothing=0.1
    ),
    "sigmoid_cross_entropy(label_smoothing=0.1)": lambda f: f(
        GOLDEN["binary_labels"], GOLDEN["binary_logits"], label_smoothing=0.1
    ),
    "absolute_difference(default)": lambda f: f(GOLDEN["targets"], GOLDEN["predictions"]),
    "huber_loss(delta=0.7)": lambda f: f(GOLDEN["targets"], GOLDEN["predictions"], delta=0.7),
    "hinge_loss(default)": lambda f: f(GOLDEN["binary_labels"], GOLDEN["binary_logits"]),
    "log_loss(default)": lambda f: f(GOLDEN["binary_labels"], _sigmoid_of_logits()),
}


@pytest.mark.parametrize("case", UNWEIGHTED)
def test_unweighted_loss(case: str) -> None:
    got = UNWEIGHTED[case](getattr(tf.losses, case.partition("(")[0]))
    np.testing.assert_allclose(got, GOLDEN["values"][case], rtol=RTOL)


def test_weights_of_zero_give_zero_and_not_nan() -> None:
    for reduction in (tf.losses.Reduction.MEAN, tf.losses.Reduction.SUM_BY_NONZERO_WEIGHTS):
        loss = tf.losses.mean_squared_error([1.0], [3.0], [0.0], reduction=reduction)
        assert loss.item() == 0.0


def test_weights_of_rows_are_broadcast_to_their_elements() -> None:
    # errors 1, 2 | 3, 4: rows weighted 1 and 0.5 give (1 + 4) + 0.5 * (9 + 16) = 17.5
    errors = [[1.0, 2.0], [3.0, 4.0]]
    zeros = np.zeros((2, 2), np.float32)
    loss = tf.losses.mean_squared_error(
        zeros, errors, [[1.0], [0.5]], reduction=tf.losses.Reduction.SUM
    )
    assert loss.item() == 17.5
    # the mean divides by the weights of all four elements: 17.5 / (1 + 1 + 0.5 + 0.5)
    mean = tf.losses.mean_squared_error(
        zeros, errors, [[1.0], [0.5]], reduction=tf.losses.Reduction.MEAN
    )
    assert mean.item() == pytest.approx(17.5 / 3, rel=1e-6)


def test_wrong_weights_shapes_and_reductions_are_refused() -> None:
    with pytest.raises(ValueError, match=r"values shape: \(2,\); weights shape: \(3,\)"):
        tf.losses.mean_squared_error([1.0, 2.0], [1.0, 2.0], [1.0, 1.0, 1.0])
    with pytest.raises(ValueError, match=r"Shapes \(2,\) and \(3,\) are incompatible"):
        tf.losses.mean_squared_error([1.0, 2.0, 3.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="Invalid Reduction Key sum"):
        tf.losses.mean_squared_error([1.0], [1.0], reduction="sum")
    with pytest.raises(ValueError, match="huber_loss: labels must not be None"):
        tf.losses.huber_loss(None, [1.0])


def test_losses_join_the_collection_and_the_total() -> None:
    with tf.Graph().as_default() as graph:
        first = tf.losses.mean_squared_error([0.0], [2.0])  # 4
        tf.losses.absolute_difference([0.0], [3.0], loss_collection=None)
        second = tf.losses.absolute_difference([0.0], [5.0])  # 5
        graph.add_to_collection(tf.GraphKeys.REGULARIZATION_LOSSES, tf.constant(0.5))
        assert tf.losses.get_losses() == [first, second]
        total, plain = tf.losses.get_total_loss(), tf.losses.get_total_loss(False)
    fetched = _core.Trainer(graph.core, 0).run(1, [], [total.node, plain.node]).fetched
    assert [float(v) for v in fetched] == [9.5, 9.0]
