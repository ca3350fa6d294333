"""Batches of no rows: whole steps, gradients, losses and metrics give what TensorFlow gives.

A sum over nothing is 0, and so is its gradient; a mean over nothing is 0 in tf.losses and
tf.metrics, which divide by the number of rows with div_no_nan (PyTorch's is NaN, and its step then
destroys the weights). Single operations at size 0 are in test_ops.py, exports in
test_export_every_op.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import every_op
import numpy as np
import pytest
from iris_like import KEYS, columns, table
from line_model import line_model

import holdfast as tf
from holdfast import _core
from holdfast._tensor import Tensor

fc = tf.feature_column
ROWS = 12


def rows(first: int, count: int) -> tuple[dict[str, Any], Any]:
    """A batch of the table, with an id for an embedding."""
    features, labels = table(ROWS)
    features["kind"] = np.arange(ROWS) % 5
    part = slice(first, first + count)
    return {key: value[part] for key, value in features.items()}, labels[part]


def batches(*sizes: int) -> Any:
    """An input function of batches of these sizes, which go through the table in order."""

    def generate() -> Any:
        place = 0
        for size in sizes:
            yield rows(place, size)
            place += size

    def read() -> Any:
        types = ({**dict.fromkeys(KEYS, tf.float32), "kind": tf.int64}, tf.int64)
        shapes = ({key: [None] for key in (*KEYS, "kind")}, [None])
        return tf.data.Dataset.from_generator(generate, types, shapes)

    return read


def classifier(model_dir: Path, **more: Any) -> Any:
    config = tf.estimator.RunConfig(tf_random_seed=7, durability="process")
    kind = fc.categorical_column_with_identity("kind", 5)
    return tf.estimator.DNNClassifier(
        hidden_units=[6, 5],
        feature_columns=[*columns(), fc.embedding_column(kind, 2)],
        n_classes=more.pop("n_classes", 3),
        model_dir=str(model_dir),
        config=config,
        **more,
    )


def variables(estimator: Any) -> dict[str, bytes]:
    return {
        name: np.asarray(estimator.get_variable_value(name)).tobytes()
        for name in estimator.get_variable_names()
        if name != "global_step"
    }


class Losses(tf.estimator.SessionRunHook):
    def __init__(self) -> None:
        self.values: list[Any] = []

    def before_run(self, run_context: Any) -> Any:
        return tf.estimator.SessionRunArgs(run_context.original_args.fetches[1])

    def after_run(self, run_context: Any, run_values: Any) -> None:
        self.values.append(run_values.results)


@pytest.mark.parametrize("optimizer", ["Adagrad", "SGD"])
@pytest.mark.parametrize("dropout", [None, 0.5])
@pytest.mark.parametrize("reduction", ["SUM", "SUM_OVER_BATCH_SIZE"])
def test_a_step_without_rows_counts_and_changes_nothing(
    tmp_path: Path, optimizer: str, dropout: float | None, reduction: str
) -> None:
    estimator = classifier(
        tmp_path,
        optimizer=optimizer,
        dropout=dropout,
        loss_reduction=getattr(tf.losses.Reduction, reduction),
    )
    estimator.train(batches(4), steps=1)
    before = variables(estimator)
    losses = Losses()
    estimator.train(batches(0), steps=1, hooks=[losses])
    assert losses.values == [0.0]
    assert estimator.get_variable_value("global_step") == 2
    assert variables(estimator) == before


def test_a_step_without_rows_among_others_is_as_if_it_were_not_there(tmp_path: Path) -> None:
    def trained(name: str, *sizes: int) -> dict[str, bytes]:
        return variables(classifier(tmp_path / name).train(batches(*sizes)))

    assert trained("with", 4, 0, 5, 0, 0, 3) == trained("without", 4, 5, 3)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_evaluation_of_no_rows_is_zero_and_adds_nothing(tmp_path: Path, n_classes: int) -> None:
    def labelled(*sizes: int) -> Any:
        def read() -> Any:
            return batches(*sizes)().map(lambda x, y: (x, tf.minimum(y, n_classes - 1)))

        return read

    estimator = classifier(tmp_path, n_classes=n_classes).train(labelled(4, 4), steps=2)
    results = estimator.evaluate(labelled(0))
    assert results.pop("global_step") == 2
    assert all(np.isfinite(value) for value in results.values()), results
    assert results["loss"] == results["average_loss"] == results["accuracy"] == 0
    some = estimator.evaluate(labelled(6, 6))
    also_none = estimator.evaluate(labelled(6, 6, 0, 0))
    # "loss" is a mean over batches, which TensorFlow counts whatever they hold.
    assert also_none.pop("loss") == pytest.approx(some.pop("loss") / 2)
    assert also_none == some


def test_prediction_of_no_rows_is_empty(tmp_path: Path) -> None:
    estimator = classifier(tmp_path).train(batches(4), steps=1)

    def features(*sizes: int) -> Any:
        return lambda: batches(*sizes)().map(lambda x, y: x)

    (empty,) = estimator.predict(features(0), yield_single_examples=False)
    (full,) = estimator.predict(features(4), yield_single_examples=False)
    assert {key: (v.dtype, v.shape[1:]) for key, v in empty.items()} == {
        key: (v.dtype, v.shape[1:]) for key, v in full.items()
    }
    assert {len(value) for value in empty.values()} == {0}
    assert len(list(estimator.predict(features(0, 3, 0)))) == 3


def test_a_mean_loss_of_no_rows_is_zero_and_moves_no_weight(tmp_path: Path) -> None:
    config = tf.estimator.RunConfig(durability="process")
    estimator = tf.estimator.Estimator(line_model, str(tmp_path), config, {"rate": 0.1})

    def read(*sizes: int) -> Any:
        def generate() -> Any:
            for size in sizes:
                x = np.arange(size, dtype=np.float32)
                yield {"x": x}, 2 * x + 1

        types = ({"x": tf.float32}, tf.float32)
        return lambda: tf.data.Dataset.from_generator(generate, types, ({"x": [None]}, [None]))

    estimator.train(read(4), steps=1)
    before = variables(estimator)
    estimator.train(read(0), steps=1)
    assert variables(estimator) == before
    assert estimator.evaluate(read(0)) == {"error": 0, "loss": 0, "global_step": 2}


REDUCTIONS = ("NONE", "SUM", "MEAN", "SUM_OVER_BATCH_SIZE", "SUM_BY_NONZERO_WEIGHTS")
LOSSES = (
    "absolute_difference",
    "hinge_loss",
    "huber_loss",
    "log_loss",
    "mean_squared_error",
    "sigmoid_cross_entropy",
    "softmax_cross_entropy",
    "sparse_softmax_cross_entropy",
)


def of_no_rows(build: Any, kinds: tuple[str, ...]) -> tuple[Any, Any]:
    """Value and gradient of a graph of no rows.

    Args:
      build: Makes a tensor of one for each kind, each [batch, 4].
      kinds: Those of every_op. Float ones are first multiplied by a variable of ones, which the
        gradient is of.
    """
    with tf.Graph().as_default() as graph:
        scale = tf.get_variable("scale", [4], initializer=tf.ones_initializer())
        held = {kind: tf.placeholder(kind, [None, 4]) for kind in dict.fromkeys(kinds)}
        value = build(*(held[k] * scale if k == every_op.FLOAT else held[k] for k in kinds))
        fetches = [value]
        if value.dtype == tf.float32:
            fetches += [g for g in tf.gradients(value, [scale]) if g is not None]
    empty = [every_op.features(1)[kind][:0] for kind in held]
    dataset = _core.Dataset.from_generator(
        lambda first: iter([empty]), list(held), [[-1, 4] for _ in held]
    )
    trainer = _core.Trainer(graph.core, seed=1, threads=2)
    trainer.set_input(dataset.make_input(), [tensor.node for tensor in held.values()])
    got = trainer.run(1, [], [fetch.node for fetch in fetches]).fetched
    return got[0], got[1] if len(got) > 1 else None


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_and_reduction_is_zero_with_gradient_zero(name: str, reduction: str) -> None:
    chosen = getattr(tf.losses.Reduction, reduction)
    loss = getattr(tf.losses, name)

    def build(x: Tensor, i: Tensor) -> Any:
        if name == "sparse_softmax_cross_entropy":
            return loss(i[:, 0], x, reduction=chosen)
        return loss(tf.ones_like(x), x, reduction=chosen)

    value, gradient = of_no_rows(build, (every_op.FLOAT, every_op.INT))
    assert value.size == 0 if reduction == "NONE" else value == 0
    assert gradient.tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("use", every_op.USES, ids=lambda use: f"{use.op}({','.join(use.takes)})")
def test_the_gradient_through_every_operation_is_zero(use: every_op.Use) -> None:
    value, gradient = of_no_rows(use, use.takes)
    assert gradient is None or gradient.tolist() == [0, 0, 0, 0], (value, gradient)


def _area(labels: Tensor, predictions: Tensor) -> Any:
    return tf.metrics.auc(labels > 0, tf.sigmoid(predictions))


METRICS: dict[str, Any] = {
    "accuracy": tf.metrics.accuracy,
    "auc": _area,
    "mean": lambda y, p: tf.metrics.mean(p),
    "mean_absolute_error": tf.metrics.mean_absolute_error,
    "mean_squared_error": tf.metrics.mean_squared_error,
    "precision": lambda y, p: tf.metrics.precision(y > 0, p > 0),
    "recall": lambda y, p: tf.metrics.recall(y > 0, p > 0),
    "root_mean_squared_error": tf.metrics.root_mean_squared_error,
    "true_positives": lambda y, p: tf.metrics.true_positives(y > 0, p > 0),
}


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_of_no_rows_is_zero(name: str) -> None:
    def build(x: Tensor) -> Any:
        _, update = METRICS[name](x, x)
        return update

    value, _ = of_no_rows(build, (every_op.FLOAT,))
    assert value == 0
