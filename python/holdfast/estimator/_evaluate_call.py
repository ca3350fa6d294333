"""One call of Estimator.evaluate."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from holdfast import _core, _signals, metrics
from holdfast._graph import Graph
from holdfast.estimator._building import BuiltModel, build_model
from holdfast.estimator._inputs import empty_error
from holdfast.estimator._restoring import Restored, restore
from holdfast.estimator._run_config import RunConfig
from holdfast.estimator._specs import ModeKeys
from holdfast.estimator._starting_point import StartingPoint
from holdfast.estimator._train_call import run_seed
from holdfast.estimator._warm_start import WarmStartSettings, check_complete, warm_start
from holdfast.train import SessionRunContext, SessionRunHook, SessionRunValues, _evaluations
from holdfast.train._loop import RunLoop, StepPlan
from holdfast.train._progress_hook import progress_hooks
from holdfast.train._session import Session
from holdfast.train._session_run_hook import ClosingHook, Progress

_logger = logging.getLogger("holdfast")


class _StopAfterSteps(SessionRunHook):
    """Ends an evaluation after so many batches and logs how far it is."""

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._every = 1 if steps < 20 else steps // 10  # TF's cadence

    def steps_to_next_look(self, progress: Progress) -> int | None:
        """At every line of the log, and at the end."""
        left = self._steps - progress.iteration
        if not _logger.isEnabledFor(logging.INFO):
            return left
        return min(left, self._every - progress.iteration % self._every)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Logs, and stops at the end."""
        done = run_context.session.iteration
        _logger.info("Evaluation [%d/%d]", done, self._steps)
        if done >= self._steps:
            run_context.request_stop()


def evaluate_model(
    model_fn: Callable[..., Any],
    input_fn: Callable[..., Any],
    *,
    params: Any,
    config: RunConfig,
    start: StartingPoint,
    hooks: Sequence[SessionRunHook],
    steps: int | None,
    notes_dir: str | None,
    on_restored: Callable[[Restored], None],
    warm_start_from: WarmStartSettings | None,
) -> dict[str, Any]:
    """Returns the metrics of a checkpoint over the input, by name, `global_step` last.

    They are noted in notes_dir for keep_best; None: nowhere.

    Raises:
      errors.CheckpointMismatchError: the model does not fit the checkpoint.
      errors.InvalidArgumentError: the data do not fit the model, or there are none.
      ValueError: the model names a metric `loss` or `global_step`.
    """
    seed = run_seed(config, start.reader)
    with _signals.waiting():  # of the training whose hook evaluates, if there is one
        built = build_model(
            model_fn, input_fn, mode=ModeKeys.EVAL, params=params, config=config, seed=seed
        )
    pairs = _metrics(built)
    every = [*built.spec.evaluation_hooks, *hooks]
    with built.graph.as_default():
        for hook in every:
            hook.begin()
    built.graph.finalize()
    session, restored = open_restored(built, config, start, seed, warm_start_from)
    on_restored(restored)
    if steps is not None:
        every.append(_StopAfterSteps(steps))
    every += progress_hooks(config.progress, "evaluating", steps)
    targets = built.graph.run_targets([pair[1] for pair in pairs.values()])
    began = time.monotonic()
    _logger.info("Starting evaluation at %s", time.strftime("%Y-%m-%dT%H:%M:%S"))
    try:
        for hook in every:
            hook.after_create_session(session, None)
        RunLoop(session, StepPlan(targets=targets), every).run()
    finally:
        for hook in every:
            if isinstance(hook, ClosingHook):
                hook.close()
    if session.iteration == 0:
        raise empty_error("evaluation saw no batch")
    values = session.run({name: pair[0] for name, pair in pairs.items()})
    _logger.info("Inference Time : %.5fs", time.monotonic() - began)
    results = {name: _as_result(values[name]) for name in sorted(values)}
    results["global_step"] = np.int64(session.global_step)
    line = ", ".join(f"{name} = {results[name]}" for name in sorted(results))
    _logger.info("Saving dict for global step %d: %s", session.global_step, line)
    if notes_dir is not None and start.reader is not None:
        _evaluations.record(notes_dir, start.reader.info, results)
    return results


def open_restored(
    built: BuiltModel,
    config: RunConfig,
    start: StartingPoint,
    seed: int,
    settings: WarmStartSettings | None,
) -> tuple[Session, Restored]:
    """Returns a session with the checkpoint's variables, without optimizer slots.

    Without a checkpoint, with those of a warm start, which must give every variable.
    """
    trainer, restored = restored_trainer(built.graph, built.facts, config, start, seed, settings)
    return Session(trainer, built.graph, built.source.feed(trainer.seed)), restored


def restored_trainer(
    graph: Graph,
    facts: Mapping[str, Any],
    config: RunConfig,
    start: StartingPoint,
    seed: int,
    settings: WarmStartSettings | None,
) -> tuple[_core.Trainer, Restored]:
    """Returns a trainer with the checkpoint's variables; as open_restored."""
    trainer = _core.Trainer(graph.core, seed, config.num_threads or 0)
    restored = restore(trainer, start, slots="skip", facts=facts)
    if restored.source is None and settings is not None:
        done = warm_start(trainer, graph, settings)
        check_complete(done, trainer, graph)
        restored = dataclasses.replace(restored, warm_start=done)
    return trainer, restored


def _metrics(built: BuiltModel) -> dict[str, Any]:
    pairs = dict(built.spec.eval_metric_ops)
    for name in ("loss", "global_step"):
        if name in pairs:
            raise ValueError(
                f"Metric with name {name!r} is not allowed, because Estimator already defines a "
                "default metric with the same name."
            )
    with built.graph.as_default():
        pairs["loss"] = metrics.mean(built.spec.loss)
    return pairs


def _as_result(value: Any) -> Any:
    array = np.asarray(value)
    if array.dtype.kind == "f":
        array = array.astype(np.float32)
    return array[()]
