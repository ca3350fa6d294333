"""Training steps per second: holdfast through Estimator.train, and PyTorch in the same run.

Both train the same network from the same weights on the same rows, with Adagrad as TensorFlow
has it (accumulators start at 0.1). First the losses of both are compared, then both are timed by
turns.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import machine
import numpy as np

import holdfast as tf

try:
    import torch
except ImportError:
    torch = None

ACCUMULATOR = 0.1
CHECK_STEPS = 20


@dataclasses.dataclass(frozen=True)
class Shape:
    """One row of the table: a network, a batch, and how many steps a round takes."""

    name: str
    inputs: int
    hidden: tuple[int, ...]
    classes: int
    rows: int
    batch: int
    steps: int  # of holdfast in one round; PyTorch's are fewer where it is slower
    rival_steps: int
    learning_rate: float  # of Adagrad, for losses summed over the batch; small enough to compare


SHAPES = (
    Shape("iris 4-10-10-3, batch 100", 4, (10, 10), 3, 120, 100, 20_000, 1_000, 0.05),
    Shape("784-1024-1024-10, batch 256", 784, (1024, 1024), 10, 4096, 256, 40, 40, 0.001),
)


def rows_of(shape: Shape) -> tuple[Any, Any]:
    """Returns features and labels: Iris itself for the small shape, random digits for the other."""
    if shape.inputs == 4:
        path = Path(tf.__path__[0]) / "cli" / "iris.csv"
        cells = [line.split(",") for line in path.read_text().splitlines()[1:]]
        names = sorted({cell[4] for cell in cells})
        chosen = [cell for i, cell in enumerate(cells) if i % 5]
        features = np.array([cell[:4] for cell in chosen], np.float32)
        return features, np.array([names.index(cell[4]) for cell in chosen], np.int64)
    rng = np.random.default_rng(0)
    labels = rng.integers(0, shape.classes, shape.rows)
    centres = rng.random((shape.classes, shape.inputs), np.float32)
    noise = rng.random((shape.rows, shape.inputs), np.float32)
    return (centres[labels] + noise) * np.float32(0.5), labels


def initial_weights(shape: Shape) -> dict[str, Any]:
    """Returns glorot-uniform kernels and zero biases by their checkpoint names."""
    rng = np.random.default_rng(1)
    sizes = [shape.inputs, *shape.hidden, shape.classes]
    layers = [f"hiddenlayer_{i}" for i in range(len(shape.hidden))] + ["logits"]
    tensors = {}
    for layer, fan_in, fan_out in zip(layers, sizes[:-1], sizes[1:], strict=True):
        limit = np.sqrt(6.0 / (fan_in + fan_out))
        kernel = rng.uniform(-limit, limit, (fan_in, fan_out)).astype(np.float32)
        for part, value in (("kernel", kernel), ("bias", np.zeros(fan_out, np.float32))):
            tensors[f"dnn/{layer}/{part}"] = value
            tensors[f"dnn/{layer}/{part}/t_0/Adagrad"] = np.full_like(value, ACCUMULATOR)
    return tensors


def columns_of(shape: Shape, features: Any) -> dict[str, Any]:
    """Returns a table as Estimators get it: a column for each number, a wide row as one column."""
    if shape.inputs > 16:
        return {"x": features}
    return {f"x{i}": np.ascontiguousarray(features[:, i]) for i in range(shape.inputs)}


class LossHook(tf.train.SessionRunHook):
    """Keeps the loss of every step. For the check only: it returns to Python each step."""

    def __init__(self) -> None:
        self.losses: list[float] = []

    def begin(self) -> None:
        self._loss = tf.get_collection("losses")[-1]

    def before_run(self, run_context: Any) -> Any:
        return tf.train.SessionRunArgs(self._loss)

    def after_run(self, run_context: Any, run_values: Any) -> None:
        self.losses.append(float(run_values.results))


class Holdfast:
    """A DNNClassifier in a model_dir of its own."""

    name = "holdfast"

    def __init__(self, shape: Shape, features: Any, labels: Any, threads: int) -> None:
        self._features = columns_of(shape, features)
        self._labels = labels
        self._shape = shape
        self._threads = threads
        self._folder = tempfile.TemporaryDirectory()
        self._estimator = self._make(self._folder.name)

    def _make(self, model_dir: str) -> Any:
        shape = self._shape
        tf.train.write_checkpoint(model_dir, initial_weights(shape), 0)
        return tf.estimator.DNNClassifier(
            hidden_units=list(shape.hidden),
            feature_columns=[
                tf.feature_column.numeric_column(key, shape=column.shape[1:] or (1,))
                for key, column in self._features.items()
            ],
            model_dir=model_dir,
            n_classes=shape.classes,
            optimizer=tf.train.AdagradOptimizer(shape.learning_rate),
            config=tf.estimator.RunConfig(num_threads=self._threads),
        )

    def _input(self, shuffle: bool) -> Any:
        dataset = tf.data.Dataset.from_tensor_slices((self._features, self._labels))
        if shuffle:
            dataset = dataset.shuffle(self._shape.rows)
        return dataset.repeat().batch(self._shape.batch)

    def losses(self) -> list[float]:
        """Returns the loss of each of the first steps, rows in order."""
        hook = LossHook()
        with tempfile.TemporaryDirectory() as folder:
            self._make(folder).train(lambda: self._input(False), hooks=[hook], steps=CHECK_STEPS)
        return hook.losses

    def run(self, steps: int) -> float:
        """Returns the steps per second of one call of train, its checkpoints left out."""
        clock = StepClock(steps)
        self._estimator.train(lambda: self._input(True), hooks=[clock], steps=steps)
        return steps / clock.seconds


class StepClock(tf.train.SessionRunHook):
    """The time of the steps alone: without building, restoring, and the last checkpoint.

    PyTorch's loop is timed the same way, with its model and data already made.
    """

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._started = self.seconds = 0.0

    def after_create_session(self, session: Any, coord: None) -> None:
        self._started = time.perf_counter()

    def steps_to_next_look(self, progress: Any) -> int | None:
        return max(1, self._steps - progress.iteration)

    def after_run(self, run_context: Any, run_values: Any) -> None:
        self.seconds = time.perf_counter() - self._started


class PyTorch:
    """An eager module and torch.optim.Adagrad, batches by index from tensors in memory."""

    name = "PyTorch"

    def __init__(self, shape: Shape, features: Any, labels: Any, threads: int) -> None:
        torch.set_num_threads(threads)
        self._shape = shape
        self._features = torch.from_numpy(features)
        self._labels = torch.from_numpy(labels)
        self._threads = threads
        sizes = [shape.inputs, *shape.hidden]
        layers: list[Any] = []
        for fan_in, fan_out in itertools.pairwise(sizes):
            layers += [torch.nn.Linear(fan_in, fan_out), torch.nn.ReLU()]
        self._model = torch.nn.Sequential(*layers, torch.nn.Linear(sizes[-1], shape.classes))
        self._set_weights(initial_weights(shape))
        self._loss = torch.nn.CrossEntropyLoss(reduction="sum")
        self._optimizer = torch.optim.Adagrad(
            self._model.parameters(),
            lr=shape.learning_rate,
            initial_accumulator_value=ACCUMULATOR,
            eps=0.0,
        )

    def _set_weights(self, tensors: dict[str, Any]) -> None:
        linear = [layer for layer in self._model if isinstance(layer, torch.nn.Linear)]
        names = [f"hiddenlayer_{i}" for i in range(len(linear) - 1)] + ["logits"]
        with torch.no_grad():
            for layer, name in zip(linear, names, strict=True):
                layer.weight.copy_(torch.from_numpy(tensors[f"dnn/{name}/kernel"].T.copy()))
                layer.bias.copy_(torch.from_numpy(tensors[f"dnn/{name}/bias"]))

    def _step(self, rows: Any) -> Any:
        self._optimizer.zero_grad()
        loss = self._loss(self._model(self._features[rows]), self._labels[rows])
        loss.backward()
        self._optimizer.step()
        return loss

    def losses(self) -> list[float]:
        """Returns the loss of each of the first steps, rows in order, repeated without a break."""
        count, size = self._shape.rows, self._shape.batch
        steps = [torch.arange(i * size, (i + 1) * size) % count for i in range(CHECK_STEPS)]
        return [float(self._step(rows).detach()) for rows in steps]

    def run(self, steps: int) -> float:
        """Returns the steps per second of a loop over shuffled epochs."""
        torch.set_num_threads(self._threads)
        count, size = self._shape.rows, self._shape.batch
        started = time.perf_counter()
        order = torch.empty(0, dtype=torch.int64)
        for _ in range(steps):
            while len(order) < size:
                order = torch.cat([order, torch.randperm(count)])
            self._step(order[:size])
            order = order[size:]
        return steps / (time.perf_counter() - started)


def check(ours: Holdfast, theirs: PyTorch) -> float:
    """Returns the largest relative difference of losses. Raises: AssertionError above 1e-3."""
    pairs = list(zip(ours.losses(), theirs.losses(), strict=True))
    worst = max(abs(a - b) / abs(b) for a, b in pairs)
    assert worst < 1e-3, f"the losses differ by {worst:.2e}: {pairs}"
    assert pairs[-1][0] < pairs[0][0], f"the loss does not fall: {pairs}"
    return worst


def measure(shape: Shape, rounds: int, threads: tuple[int, ...]) -> list[dict[str, Any]]:
    """Returns one line of results for each side and thread count."""
    features, labels = rows_of(shape)
    assert len(labels) == shape.rows
    sides: list[tuple[str, int, Callable[[], float]]] = []
    for count in threads:
        ours = Holdfast(shape, features, labels, count)
        if torch is not None:
            theirs = PyTorch(shape, features, labels, count)
            print(f"  losses agree within {check(ours, theirs):.1e} ({count} threads)")
            sides.append((theirs.name, count, lambda t=theirs: t.run(shape.rival_steps)))
        sides.append((ours.name, count, lambda o=ours: o.run(shape.steps)))
    results: dict[tuple[str, int], list[float]] = {(n, c): [] for n, c, _ in sides}
    for turn in range(rounds + 1):
        for name, count, run in sides:
            speed = run()
            if turn:  # the first round warms up
                results[name, count].append(speed)
    return [
        {
            "shape": shape.name,
            "side": name,
            "threads": count,
            "steps_per_second": statistics.median(speeds),
            "slowest": min(speeds),
            "fastest": max(speeds),
        }
        for (name, count), speeds in results.items()
    ]


def best(lines: list[dict[str, Any]], side: str) -> float | None:
    """Returns the best median of a side over its thread counts."""
    return max((line["steps_per_second"] for line in lines if line["side"] == side), default=None)


def main() -> None:
    """Measures every shape and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", default="1,2", help="thread counts to try, for both sides")
    parser.add_argument("--json", type=Path, help="file for the numbers")
    arguments = parser.parse_args()
    threads = tuple(int(n) for n in arguments.threads.split(","))
    about = machine.facts(PyTorch=torch.__version__ if torch else "not installed")
    for name, value in about.items():
        print(f"{name}: {value}")
    every: list[dict[str, Any]] = []
    for shape in SHAPES:
        print(f"\n{shape.name}, Adagrad")
        lines = measure(shape, arguments.rounds, threads)
        every += lines
        for line in sorted(lines, key=lambda x: (x["side"], x["threads"])):
            print(
                f"  {line['side']:<10} {line['threads']} threads: "
                f"{line['steps_per_second']:>12,.1f} steps/s   "
                f"({line['slowest']:,.1f} to {line['fastest']:,.1f})"
            )
        ours, theirs = best(lines, "holdfast"), best(lines, "PyTorch")
        if ours and theirs:
            print(f"  holdfast is {ours / theirs:.1f} times as fast, best thread count of each")
    if arguments.json:
        arguments.json.write_text(json.dumps({"machine": about, "results": every}, indent=1))


if __name__ == "__main__":
    main()
