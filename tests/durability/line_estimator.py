"""A small Estimator whose every state is known: a line, fitted by Adagrad on fixed data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import holdfast as tf
from holdfast.estimator import Estimator, EstimatorSpec, ModeKeys, RunConfig

_X = np.arange(4, dtype=np.float32)


def _model(features: Any, labels: Any, mode: str) -> EstimatorSpec:
    w = tf.get_variable("w", initializer=np.zeros(1, np.float32))
    b = tf.get_variable("b", initializer=np.zeros(1, np.float32))
    y = features["x"] * w + b
    if mode == ModeKeys.PREDICT:
        return EstimatorSpec(mode, predictions={"y": y})
    loss = tf.losses.mean_squared_error(labels, y)
    optimizer = tf.train.AdagradOptimizer(0.3)
    train_op = optimizer.minimize(loss, global_step=tf.train.get_global_step())
    return EstimatorSpec(mode, loss=loss, train_op=train_op)


def data(repeat: int | None = None) -> Any:
    """Returns the dataset: one batch, endless unless `repeat` says how often."""
    return tf.data.Dataset.from_tensor_slices(({"x": _X}, 2 * _X + 1)).repeat(repeat).batch(4)


def estimator(model_dir: Path, **config: Any) -> Estimator:
    """Returns the Estimator on a directory."""
    config = {"tf_random_seed": 1, "durability": "process", **config}
    return Estimator(_model, str(model_dir), RunConfig(**config))


def state(model_dir: Path) -> dict[str, bytes]:
    """Returns the tensors of the newest checkpoint, as bytes by name."""
    reader = tf.train.load_checkpoint(model_dir)
    names = reader.get_variable_to_shape_map()
    return {name: np.asarray(reader.get_tensor(name)).tobytes() for name in names}
