"""Training steps per second through Estimator.train, beside PyTorch in the same run.

    python bench/python/train_step.py [--rounds 5] [--seconds 2]

Both sides train the same network with Adagrad from rows in memory, shuffled. Before anything is
timed, both start from the same weights, see the same batches, and must reach the same losses.
"""

from __future__ import annotations

import argparse
import dataclasses
import platform
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import holdfast as hf

LEARNING_RATE = 0.05  # the default of DNNClassifier
CHECKED_STEPS = 20
LOSS_TOLERANCE = 1e-4  # relative; float32 sums in another order


@dataclasses.dataclass(frozen=True, kw_only=True)
class Workload:
    """A network and the size of its data."""

    name: str
    inputs: int
    hidden_units: tuple[int, ...]
    n_classes: int
    batch_size: int
    rows: int


WORKLOADS = (
    Workload(name="iris", inputs=4, hidden_units=(10, 10), n_classes=3, batch_size=100, rows=150),
    Workload(
        name="mnist-like",
        inputs=784,
        hidden_units=(1024, 1024),
        n_classes=10,
        batch_size=256,
        rows=8192,
    ),
)


def table(workload: Workload) -> tuple[np.ndarray, np.ndarray]:
    """Features [rows, inputs] float32 and labels [rows] int64 that a network can learn."""
    rng = np.random.default_rng(1)
    x = rng.standard_normal((workload.rows, workload.inputs), dtype=np.float32)
    teacher = rng.standard_normal((workload.inputs, workload.n_classes), dtype=np.float32)
    return x, np.argmax(x @ teacher, axis=1)


def layer_sizes(workload: Workload) -> list[tuple[str, int, int]]:
    """(name, inputs, outputs) of each dense layer."""
    widths = [workload.inputs, *workload.hidden_units, workload.n_classes]
    names = [f"dnn/hiddenlayer_{i}" for i in range(len(workload.hidden_units))] + ["dnn/logits"]
    return list(zip(names, widths[:-1], widths[1:], strict=True))


def initial_weights(workload: Workload) -> dict[str, np.ndarray]:
    """Glorot-uniform kernels and zero biases by checkpoint name."""
    rng = np.random.default_rng(2)
    weights = {}
    for name, inputs, outputs in layer_sizes(workload):
        limit = np.sqrt(6 / (inputs + outputs))
        kernel = rng.uniform(-limit, limit, (inputs, outputs)).astype(np.float32)
        weights[f"{name}/kernel"] = kernel
        weights[f"{name}/bias"] = np.zeros(outputs, np.float32)
    return weights


class HoldfastSide:
    """An Estimator in a directory that is removed with it."""

    def __init__(self, workload: Workload, threads: int) -> None:
        self.name = f"holdfast {threads} thread{'s' if threads > 1 else ''}"
        self._workload = workload
        self._x, self._y = table(workload)
        self._dir = tempfile.mkdtemp()
        # Iris has a column for each number; a wide row is one column of that shape.
        keys = [f"c{i}" for i in range(workload.inputs)] if workload.inputs < 10 else ["x"]
        shape = (1,) if workload.inputs < 10 else (workload.inputs,)
        self._keys = keys
        weights = initial_weights(workload)
        slots = {f"{name}/t_0/Adagrad": np.full_like(w, 0.1) for name, w in weights.items()}
        hf.train.write_checkpoint(self._dir, {**weights, **slots}, 0)
        config = hf.estimator.RunConfig(
            save_summary_steps=0, log_step_count_steps=None, num_threads=threads
        )
        self._estimator = hf.estimator.DNNClassifier(
            hidden_units=workload.hidden_units,
            feature_columns=[hf.feature_column.numeric_column(k, shape=shape) for k in keys],
            n_classes=workload.n_classes,
            model_dir=self._dir,
            config=config,
        )

    def _features(self) -> dict[str, np.ndarray]:
        if len(self._keys) == 1:
            return {"x": self._x}
        return {key: np.ascontiguousarray(self._x[:, i]) for i, key in enumerate(self._keys)}

    def losses(self, steps: int) -> list[float]:
        """Loss of each of the first steps, over the rows in order."""
        recorded: list[float] = []

        class Record(hf.train.SessionRunHook):
            def before_run(self, run_context: Any) -> Any:
                return hf.train.SessionRunArgs(hf.get_collection("losses")[0])

            def after_run(self, run_context: Any, run_values: Any) -> None:
                recorded.append(float(run_values.results))

        data = (self._features(), self._y)
        self._estimator.train(
            lambda: (
                hf.data.Dataset.from_tensor_slices(data).repeat().batch(self._workload.batch_size)
            ),
            hooks=[Record()],
            steps=steps,
        )
        return recorded

    def train(self, steps: int) -> None:
        """Trains as a user does: one call, checkpoints at both ends included."""
        data = (self._features(), self._y)
        self._estimator.train(
            lambda: (
                hf.data.Dataset.from_tensor_slices(data)
                .shuffle(self._workload.rows)
                .repeat()
                .batch(self._workload.batch_size)
            ),
            steps=steps,
        )

    def close(self) -> None:
        shutil.rmtree(self._dir)


class TorchSide:
    """The same network in PyTorch, eager."""

    def __init__(self, torch: Any, workload: Workload, threads: int) -> None:
        self.name = f"PyTorch {threads} thread{'s' if threads > 1 else ''}"
        self._torch = torch
        self._threads = threads
        self._batch = workload.batch_size
        x, y = table(workload)
        # The Estimator sorts its columns by name, which leaves c0, c1, ... in order.
        self._x, self._y = torch.from_numpy(x), torch.from_numpy(y)
        layers: list[Any] = []
        for name, inputs, outputs in layer_sizes(workload):
            linear = torch.nn.Linear(inputs, outputs)
            weights = initial_weights(workload)
            with torch.no_grad():
                linear.weight.copy_(torch.from_numpy(weights[f"{name}/kernel"].T.copy()))
                linear.bias.copy_(torch.from_numpy(weights[f"{name}/bias"]))
            layers += [linear, torch.nn.ReLU()]
        self._model = torch.nn.Sequential(*layers[:-1])
        # eps stays: PyTorch's formula has one; holdfast's, as TF 1.x's, has none.
        self._optimizer = torch.optim.Adagrad(
            self._model.parameters(), lr=LEARNING_RATE, initial_accumulator_value=0.1
        )
        self._loss = torch.nn.CrossEntropyLoss(reduction="sum")

    def _step(self, rows: Any) -> Any:
        self._optimizer.zero_grad()
        loss = self._loss(self._model(self._x[rows]), self._y[rows])
        loss.backward()
        self._optimizer.step()
        return loss

    def losses(self, steps: int) -> list[float]:
        count = len(self._y)
        self._torch.set_num_threads(self._threads)
        return [
            float(self._step(self._torch.arange(i * self._batch, (i + 1) * self._batch) % count))
            for i in range(steps)
        ]

    def train(self, steps: int) -> None:
        self._torch.set_num_threads(self._threads)
        batches = self._shuffled_batches()
        for _ in range(steps):
            self._step(next(batches))

    def _shuffled_batches(self) -> Iterator[Any]:
        while True:
            order = self._torch.randperm(len(self._y))
            # Whole batches, as most PyTorch loops take them; at least one from a small table.
            for begin in range(0, max(1, len(order) - self._batch + 1), self._batch):
                yield order[begin : begin + self._batch]

    def close(self) -> None:
        pass


Side = HoldfastSide | TorchSide


def check_answers(sides: list[Side]) -> None:
    """Every side must reach the losses of the first one."""
    reference = sides[0].losses(CHECKED_STEPS)
    assert reference[-1] < reference[0], "the loss must go down"
    for side in sides[1:]:
        np.testing.assert_allclose(
            side.losses(CHECKED_STEPS), reference, rtol=LOSS_TOLERANCE, err_msg=side.name
        )


def seconds_of(train: Callable[[int], None], steps: int) -> float:
    began = time.perf_counter()
    train(steps)
    return time.perf_counter() - began


def steps_for(side: Side, seconds: float) -> int:
    """Steps that take about so long, after a warm-up."""
    side.train(10)
    steps = 20
    while (took := seconds_of(side.train, steps)) < seconds / 4:
        steps = int(steps * max(2.0, min(10.0, seconds / 2 / max(took, 1e-6))))
    return max(1, int(steps * seconds / took))


def measure(sides: list[Side], rounds: int, seconds: float) -> dict[str, list[float]]:
    """Steps per second of each side in each round; the sides take turns."""
    steps = {side.name: steps_for(side, seconds) for side in sides}
    rates: dict[str, list[float]] = {side.name: [] for side in sides}
    for _ in range(rounds):
        for side in sides:
            count = steps[side.name]
            rates[side.name].append(count / seconds_of(side.train, count))
    return rates


def spread(values: list[float]) -> str:
    if len(values) < 2:
        return f"{values[0]:10.0f}"
    quartiles = statistics.quantiles(values, n=4)
    return f"{statistics.median(values):10.1f}  [{quartiles[0]:.1f} .. {quartiles[2]:.1f}]"


def best(rates: dict[str, list[float]], who: str) -> float:
    return max(statistics.median(r) for name, r in rates.items() if name.startswith(who))


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of one side in one round")
    arguments = parser.parse_args()
    try:
        import torch
    except ImportError:
        torch = None
    cores = hf._core.default_thread_count()
    peers = f"PyTorch {torch.__version__}" if torch else "PyTorch missing: pip install torch"
    print(f"{processor()}, {cores} threads, {hf._core.isa()}, holdfast {hf.__version__}, {peers}")
    for workload in WORKLOADS:
        counts = sorted({1, cores})
        sides: list[Side] = [HoldfastSide(workload, threads) for threads in counts]
        if torch is not None:
            sides += [TorchSide(torch, workload, threads) for threads in counts]
        check_answers(sides)
        rates = measure(sides, arguments.rounds, arguments.seconds)
        shape = "-".join(map(str, (workload.inputs, *workload.hidden_units, workload.n_classes)))
        print(
            f"\n{workload.name}: {shape}, batch {workload.batch_size}; steps/s, median [quartiles]"
        )
        for name, values in rates.items():
            print(f"  {name:20} {spread(values)}")
        if torch is not None:
            ratio = best(rates, "holdfast") / best(rates, "PyTorch")
            print(f"  holdfast is {ratio:.2f} x PyTorch, each at its best number of threads")
        for side in sides:
            side.close()


if __name__ == "__main__":
    main()
