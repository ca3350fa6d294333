"""A small training that everything can go wrong in: dropout, slots, shuffled input, one seed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import numpy as np

import holdfast as tf
from holdfast import _core
from holdfast.estimator import Estimator, EstimatorSpec, RunConfig

ROWS, COLUMNS, BATCH = 96, 8, 16
_SEED = 11
# Of the checkpoint's state: what continues exactly. Times differ between runs.
_EXACT = ("rng", "input")


def model_fn(features: Any, labels: Any, mode: str, params: Any) -> EstimatorSpec:
    """Returns a regression with a hidden layer, dropout and Adagrad; params["units"] wide."""
    hidden = tf.layers.dense(features["x"], params["units"], activation=tf.nn.relu)
    hidden = tf.layers.dropout(hidden, 0.2, training=mode == tf.estimator.ModeKeys.TRAIN)
    loss = tf.losses.mean_squared_error(labels, tf.layers.dense(hidden, 1))
    optimizer = tf.train.AdagradOptimizer(0.05)
    train_op = optimizer.minimize(loss, global_step=tf.train.get_global_step())
    return EstimatorSpec(mode, loss=loss, train_op=train_op)


def table() -> tuple[dict[str, Any], Any]:
    """Returns (features, labels): ROWS rows."""
    random = np.random.default_rng(5)
    x = random.normal(size=(ROWS, COLUMNS)).astype(np.float32)
    return {"x": x}, x[:, :1] * 2 + 1


def shuffled() -> tf.data.Dataset:
    """Returns endless batches in an order that changes with the epoch."""
    return tf.data.Dataset.from_tensor_slices(table()).shuffle(ROWS).repeat().batch(BATCH)


def generated(before_row: Callable[[int], None], rows: int = 10**9) -> tf.data.Dataset:
    """Returns batches of a generator that calls before_row(number) for each row."""
    features, labels = table()
    types, shapes = ({"x": tf.float32}, tf.float32), ({"x": (COLUMNS,)}, (1,))

    def read() -> Any:
        for number in range(rows):
            before_row(number)
            yield {"x": features["x"][number % ROWS]}, labels[number % ROWS]

    return tf.data.Dataset.from_generator(read, types, shapes).batch(BATCH)


def estimator(model_dir: Any, units: int = 16, **config: Any) -> Estimator:
    """Returns an Estimator of one thread that logs nothing; `config` goes to RunConfig."""
    settings = {"tf_random_seed": _SEED, "log_step_count_steps": None, "num_threads": 1}
    made = RunConfig(**{**settings, **config})
    return Estimator(model_fn, str(model_dir), made, params={"units": units})


def digest(path: str) -> str:
    """Returns a hash of all that continues exactly, every byte verified: raises if one is wrong."""
    reader = _core.CheckpointReader(path)
    reader.verify()
    made = hashlib.sha256()
    for name, value in sorted(reader.read_all(1).items()):
        made.update(f"{name} {value.dtype} {value.shape} ".encode() + value.tobytes())
    state = json.loads(reader.state_json)
    made.update(json.dumps({key: state[key] for key in _EXACT}, sort_keys=True).encode())
    return made.hexdigest()


def consumed(path: str) -> int:
    """Returns how many batches the training of a checkpoint had seen."""
    return int(json.loads(_core.CheckpointReader(path).state_json)["input"]["consumed"])


def step_of(path: str) -> int:
    """Returns the step in a checkpoint's name."""
    return int(path.rsplit("-", 1)[1])
