"""The training that T12 interrupts: a small network with dropout, over data of several kinds.

Everything about it is a function of its settings, so that two processes train the same.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import holdfast as tf
from holdfast import _core

ROWS = 37  # no multiple of the batch: batches run across epochs
BATCH = 8
STEPS = 40  # more than eight epochs
SAVE_EVERY = 7
_WIDTH = 3

INPUTS = ("arrays", "csv", "resumable", "generator", "lines")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Run:
    """One way to train.

    Attributes:
      optimizer: Its name in holdfast.train.
      async_save: As in RunConfig.
      threads: Of the training.
      inputs: One of INPUTS.
      data: The file with the rows.
    """

    optimizer: str
    async_save: bool
    threads: int
    inputs: str
    data: Path

    def __str__(self) -> str:
        how = "async" if self.async_save else "sync"
        return f"{self.optimizer}, {how}, {self.threads} threads, {self.inputs}"


def optimizers() -> list[str]:
    """Returns the names of all optimizers there are."""
    names = (name for name in tf.train.__all__ if name.endswith("Optimizer"))
    return sorted(name for name in names if name != "Optimizer")


def write_rows(path: Path) -> None:
    """Writes the rows that every kind of input reads: a number, features, a label."""
    random = np.random.default_rng(3)
    values = random.normal(size=(ROWS, _WIDTH + 1)).round(4)
    lines = [",".join(map(str, [number, *row])) for number, row in enumerate(values.tolist())]
    path.write_text("id," + ",".join(f"x{i}" for i in range(_WIDTH)) + ",y\n" + "\n".join(lines))


def train(run: Run, model_dir: Path, steps: int, trace: Path | None) -> None:
    """Trains up to step `steps`; with `trace`, appends what every step has seen to that file."""
    config = tf.estimator.RunConfig(
        model_dir=str(model_dir),
        tf_random_seed=11,
        save_checkpoints_steps=SAVE_EVERY,
        keep_checkpoint_max=2,
        durability="process",
        num_threads=run.threads,
        async_save=run.async_save,
        input_resume="error",
    )
    estimator = tf.estimator.Estimator(_model_fn, config=config, params={"run": run})
    hooks: list[Any] = []
    if trace is not None:
        # Before the saver, or a kill between the two would leave a saved step without a record.
        saver = tf.train.CheckpointSaverHook(str(model_dir), save_steps=SAVE_EVERY)
        hooks = [Tracer(trace), saver]
    estimator.train(lambda: _dataset(run), hooks=hooks, max_steps=steps)


def state_of(model_dir: Path) -> dict[str, Any]:
    """Returns all that a newest checkpoint holds: bytes by tensor, random streams and position."""
    reader = _core.CheckpointReader.open_latest(str(model_dir))
    tensors: dict[str, Any] = {
        name: value.tobytes() for name, value in reader.read_all(threads=1).items()
    }
    state = json.loads(reader.state_json)
    return {**tensors, "state/rng": state["rng"], "state/input": state["input"]}


# --- the trace ------------------------------------------------------------------------------------


class Tracer(tf.train.SessionRunHook):
    """Appends step, loss and the rows of the batch to a file, after every step."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def begin(self) -> None:
        """Names what is fetched."""
        graph = tf.get_default_graph()
        self._fetches = tf.train.SessionRunArgs(
            [tf.train.get_global_step(), *graph.get_collection("trace")]
        )

    def before_run(self, run_context: Any) -> Any:
        """Asks for the values of the step."""
        return self._fetches

    def after_run(self, run_context: Any, run_values: Any) -> None:
        """Writes them: one record in one call, which a kill does not tear."""
        step, loss, rows = run_values.results
        packed = struct.pack("<q", int(step)) + loss.tobytes() + rows.astype("<i8").tobytes()
        with self._path.open("ab", buffering=0) as out:
            out.write(struct.pack("<q", len(packed)) + packed)


def trace_of(path: Path) -> list[tuple[int, bytes]]:
    """Returns (step, what it saw) in the order of writing."""
    content = path.read_bytes() if path.exists() else b""
    records = []
    at = 0
    while at < len(content):
        (length,) = struct.unpack_from("<q", content, at)
        record = content[at + 8 : at + 8 + length]
        records.append((struct.unpack_from("<q", record)[0], record[8:]))
        at += 8 + length
    return records


# --- model and data -------------------------------------------------------------------------------


def _model_fn(features: Any, labels: Any, mode: str, params: Any) -> Any:
    hidden = tf.layers.dense(features["x"], 6, activation=tf.nn.relu, name="hidden")
    hidden = tf.layers.dropout(hidden, rate=0.4, training=mode == tf.estimator.ModeKeys.TRAIN)
    output = tf.layers.dense(hidden, 1, name="output")
    loss = tf.losses.mean_squared_error(tf.expand_dims(labels, -1), output)
    tf.add_to_collection("trace", loss)
    tf.add_to_collection("trace", features["id"])
    step = tf.train.get_global_step()
    train_op = _optimizer(params["run"].optimizer).minimize(loss, global_step=step)
    return tf.estimator.EstimatorSpec(mode, loss=loss, train_op=train_op)


def _optimizer(name: str) -> Any:
    make: Any = getattr(tf.train, name)
    known = {"learning_rate": 0.05, "momentum": 0.9}
    required = [
        parameter.name
        for parameter in inspect.signature(make).parameters.values()
        if parameter.default is parameter.empty and parameter.name != "self"
    ]
    return make(**{"learning_rate": 0.05, **{key: known[key] for key in required}})


def _dataset(run: Run) -> Any:
    makers: dict[str, Callable[[Path], Any]] = {
        "arrays": _arrays,
        "csv": _csv,
        "lines": _lines,
        "resumable": lambda path: _generated(path, is_resumable=True),
        "generator": lambda path: _generated(path, is_resumable=False),
    }
    rows = makers[run.inputs](run.data)
    return rows.shuffle(10).repeat().batch(BATCH).prefetch(2)


def _columns(path: Path) -> tuple[Any, Any, Any]:
    table = np.loadtxt(path, delimiter=",", skiprows=1, dtype=np.float64)
    return table[:, 0].astype(np.int64), table[:, 1:-1].astype("f4"), table[:, -1].astype("f4")


def _arrays(path: Path) -> Any:
    numbers, x, y = _columns(path)
    return tf.data.Dataset.from_tensor_slices(({"id": numbers, "x": x}, y))


def _generated(path: Path, is_resumable: bool) -> Any:
    numbers, x, y = _columns(path)

    def elements(start: int = 0) -> Iterator[Any]:
        for row in range(start, ROWS):
            yield {"id": numbers[row], "x": x[row]}, y[row]

    types = ({"id": tf.int64, "x": tf.float32}, tf.float32)
    shapes: Any = ({"id": (), "x": (_WIDTH,)}, ())
    generator = tf.data.resumable(elements) if is_resumable else elements
    return tf.data.Dataset.from_generator(generator, types, shapes)


_DEFAULTS = [np.int64([0]), *[[0.0]] * (_WIDTH + 1)]


def _element(number: Any, *values: Any) -> Any:
    return {"id": number, "x": tf.stack(values[:-1], axis=-1)}, values[-1]


def _csv(path: Path) -> Any:
    return tf.data.experimental.CsvDataset(str(path), _DEFAULTS, header=True).map(_element)


def _lines(path: Path) -> Any:
    lines = tf.data.TextLineDataset(str(path)).skip(1)
    return lines.map(lambda line: _element(*tf.decode_csv(line, _DEFAULTS)))
