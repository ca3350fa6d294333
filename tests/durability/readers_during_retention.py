"""T9: readers restore all the time while a training saves every 10 ms and keeps two checkpoints.

Every element of every variable is the step of its checkpoint, so that a mixture of two is seen.
Eight processes read in the ways a program can: the newest one at once, by its path, one tensor
after the other, through lists, and as an evaluation. No reader may fail, none may see a mixture,
and none may be given a step older than one that it has seen.

It fails when a reader takes a vanished COMMIT for a save that never finished (still_there in
checkpoint_dir.cpp left out), when a chosen checkpoint that has gone is not looked for again
(open_latest without its loop), when retention unlinks files before it renames the directory
(mutants of T15), and when `train.load_checkpoint` chooses a path first and opens it later.
"""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from campaign import Campaign, Outcome, Setting
from forked import Child, Tell, ended, fork

import holdfast as tf
from holdfast import _core
from holdfast.estimator import Estimator, EstimatorSpec, RunConfig

READERS = 8
SAVE_SECONDS = 0.010
_SHAPES = {"a": (64,), "b": (33, 17), "c": (5, 4, 3), "d": (1,)}
_PATIENCE = 60.0
_SHOWN = 5  # errors that a reader tells


def model_fn(features: Any, labels: Any, mode: str) -> EstimatorSpec:
    """Returns a model whose variables count steps: each gradient is -1, the rate is 1."""
    sums = []
    for name, shape in _SHAPES.items():
        variable = tf.get_variable(name, initializer=np.zeros(shape, np.float32))
        sums.append(tf.reduce_sum(variable))
    loss = 0.0 - sum(sums[1:], sums[0])
    train_op = tf.train.GradientDescentOptimizer(1.0).minimize(
        loss, global_step=tf.train.get_global_step()
    )
    metric = {"a": tf.metrics.mean(tf.reduce_sum(sums[0]) / float(_SHAPES["a"][0]))}
    return EstimatorSpec(mode, loss=loss, train_op=train_op, eval_metric_ops=metric)


def batches() -> tf.data.Dataset:
    """Returns input that matters to nobody."""
    rows = ({"x": np.zeros((4, 1), np.float32)}, np.zeros((4, 1), np.float32))
    return tf.data.Dataset.from_tensor_slices(rows).repeat().batch(4)


def estimator(model_dir: str) -> Estimator:
    """Returns the Estimator of trainer and readers."""
    config = RunConfig(
        tf_random_seed=1,
        save_checkpoints_steps=1,
        keep_checkpoint_max=2,
        durability="process",
        log_step_count_steps=None,
        save_summary_steps=None,
        num_threads=1,
    )
    return Estimator(model_fn, model_dir, config)


class _Pace(tf.train.SessionRunHook):
    """Makes a step, and so a save, every 10 ms; ends when the time is up."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._next = 0.0

    def before_run(self, run_context: Any) -> None:
        time.sleep(max(0.0, self._next - time.monotonic()))
        self._next = time.monotonic() + SAVE_SECONDS

    def after_run(self, run_context: Any, run_values: Any) -> None:
        if time.monotonic() > self._end:
            run_context.request_stop()


def _train(model_dir: str, seconds: float, tell: Tell) -> None:
    began = time.monotonic()
    made = estimator(model_dir)
    made.train(batches, hooks=[_Pace(seconds)])
    saves = int(made.get_variable_value("global_step"))
    tell(json.dumps({"saves": saves, "seconds": time.monotonic() - began}))


@dataclasses.dataclass
class Seen:
    """What one reader has seen."""

    restores: int = 0
    looks: int = 0  # lists and evaluations, which are no restores
    last_step: int = -1
    wrong: list[str] = dataclasses.field(default_factory=list)

    def step(self, step: int, what: str) -> None:
        """Notes the step that a reader was given; an older one than before is wrong."""
        if step < self.last_step:
            self.wrong.append(f"{what} gave step {step} after {self.last_step}")
        self.last_step = max(self.last_step, step)

    def tensors(self, values: dict[str, Any], step: int, what: str) -> None:
        """Notes a restore; an element that is not the step is a mixture."""
        self.restores += 1
        self.step(step, what)
        for name, value in values.items():
            if name in (*_SHAPES, "global_step") and not np.all(np.asarray(value) == step):
                self.wrong.append(f"{what} of step {step}: {name} holds {np.unique(value)[:4]}")


Reading = Callable[[str, Seen], None]


def _open_latest(model_dir: str, seen: Seen) -> None:
    reader = _core.CheckpointReader.open_latest(model_dir)
    seen.tensors(reader.read_all(), reader.info.step, "open_latest")


def _load_checkpoint(model_dir: str, seen: Seen) -> None:
    reader = tf.train.load_checkpoint(model_dir)
    values = {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}
    seen.tensors(values, int(values["global_step"]), "load_checkpoint")


def _single_calls(model_dir: str, seen: Seen) -> None:
    names = [name for name, _ in tf.train.list_variables(model_dir)]
    if not set(names) >= set(_SHAPES):
        seen.wrong.append(f"list_variables gave {names}")
    seen.step(int(tf.train.load_variable(model_dir, "global_step")), "load_variable")
    seen.looks += 2


def _lists(model_dir: str, seen: Seen) -> None:
    found = _core.list_checkpoints(model_dir)
    if not found:
        seen.wrong.append("list_checkpoints gave none")
    else:
        seen.step(found[-1].step, "list_checkpoints")
    for problem in _core.checkpoint_problems(model_dir):
        seen.wrong.append(f"checkpoint_problems gave {problem.path}: {problem.reason}")
    path = tf.train.latest_checkpoint(model_dir)
    if path is None:
        seen.wrong.append("latest_checkpoint gave none")
    else:
        seen.step(int(path.rsplit("-", 1)[1]), "latest_checkpoint")
    seen.looks += 3


def _evaluation(model_dir: str, seen: Seen) -> None:
    result = estimator(model_dir).evaluate(batches, steps=1)
    step = int(result["global_step"])
    seen.step(step, "evaluate")
    if result["a"] != step:
        seen.wrong.append(f"evaluate of step {step}: the variable holds {result['a']}")
    seen.looks += 1


# What the eight do. An evaluation costs as much as a hundred restores, which are what is counted.
_READINGS: tuple[tuple[Reading, ...], ...] = (
    (_open_latest,),
    (_open_latest,),
    (_open_latest,),
    (_load_checkpoint,),
    (_load_checkpoint, _single_calls),
    (_open_latest, _lists),
    (_evaluation, *(_open_latest,) * 50),
    (_evaluation, *(_load_checkpoint,) * 50, _open_latest, _load_checkpoint, _single_calls, _lists),
)


def _read(model_dir: str, readings: tuple[Reading, ...], tell: Tell) -> None:
    stop = False

    def ask_to_stop(*_: object) -> None:
        nonlocal stop
        stop = True

    signal.signal(signal.SIGUSR1, ask_to_stop)
    os.nice(10)  # on few cores the training shall come to its save every 10 ms
    tell("ready")
    seen = Seen()
    errors = 0
    while not stop:
        for reading in readings:
            try:
                reading(model_dir, seen)
            except Exception as error:
                errors += 1
                if errors <= _SHOWN:
                    text = f"{reading.__name__.strip('_')} raised {type(error).__name__}: {error}"
                    seen.wrong.append(text.replace("\n", " "))
    tell(
        json.dumps(
            {
                "restores": seen.restores,
                "looks": seen.looks,
                "last_step": seen.last_step,
                "errors": errors,
                "wrong": seen.wrong[:_SHOWN],
                "wrongs": len(seen.wrong),
            }
        )
    )


def _wait_for_checkpoint(model_dir: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while tf.train.latest_checkpoint(model_dir) is None and time.monotonic() < deadline:
        time.sleep(0.005)


def _results(children: list[Child]) -> Iterator[dict[str, Any] | str]:
    for child in children:
        child.listen(_PATIENCE)
        lines = [line for line in child.lines if line.startswith("{")]
        yield json.loads(lines[-1]) if lines else f"told {child.lines[-2:]}"


def run(setting: Setting) -> Outcome:
    """Lets eight processes read for setting.size seconds."""
    folder = setting.folder / "model"
    folder.mkdir()
    seconds = float(setting.size)
    with ended(fork(lambda tell: _train(str(folder), seconds, tell))) as trainer:
        _wait_for_checkpoint(str(folder))
        readers = [
            fork(lambda tell, k=k: _read(str(folder), _READINGS[k], tell))  # type: ignore[misc]
            for k in range(READERS)
        ]
        try:
            trainer.wait_for("{", seconds + _PATIENCE)
            for reader in readers:
                reader.send(signal.SIGUSR1)
            results = list(_results(readers))
        finally:
            for reader in readers:
                reader.end(0.0)
        training = next(iter(_results([trainer])))
    return _outcome(training, results, folder)


def _outcome(training: Any, results: list[Any], folder: Path) -> Outcome:
    violations = []
    if isinstance(training, str):
        violations.append(f"the training {training}")
        training = {"saves": 0, "seconds": 0.0}
    for k, result in enumerate(results):
        if isinstance(result, str):
            violations.append(f"reader {k} {result}")
        else:
            violations += [f"reader {k}: {text}" for text in result["wrong"]]
    told = [result for result in results if not isinstance(result, str)]
    left = sorted(p.name for p in folder.iterdir() if p.name.startswith("model.ckpt-"))
    if len(left) != 2:
        violations.append(f"retention left {left}, not two")
    # Readers that never met retention have shown nothing.
    idle = [k for k, r in enumerate(results) if not isinstance(r, str) and r["last_step"] < 3]
    violations += [f"reader {k} saw no step after {results[k]['last_step']}" for k in idle]
    restores = sum(result["restores"] for result in told)
    return Outcome(
        cases=restores,
        violations=violations,
        details={
            "saves": training["saves"],
            "saves_per_second": round(training["saves"] / max(training["seconds"], 1e-9), 1),
            "restores_per_second": round(restores / max(training["seconds"], 1e-9), 1),
            "other_looks": sum(result["looks"] for result in told),
            "reader_errors": sum(result["errors"] for result in told),
            "cores": len(os.sched_getaffinity(0)),
        },
    )


CAMPAIGN = Campaign(
    id="T9",
    name="8 readers beside a training that saves every 10 ms and keeps 2",
    unit="restores",
    sizes={"change": 6, "nightly": 60, "release": 600},
    run=run,
)
