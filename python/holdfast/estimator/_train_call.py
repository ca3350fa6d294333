"""One call of Estimator.train, from the checkpoint it continues to the one it ends with."""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import secrets
from collections.abc import Callable, Sequence
from typing import Any

from holdfast import _core, _signals, dtypes
from holdfast._operation import Operation
from holdfast.estimator._building import BuiltModel, build_model
from holdfast.estimator._hook_lists import saver_options, training_hooks
from holdfast.estimator._initial_values import write_initial_values
from holdfast.estimator._inputs import check_not_empty, empty_error, resume
from holdfast.estimator._restoring import Restored, restore
from holdfast.estimator._run_config import RunConfig
from holdfast.estimator._specs import ModeKeys
from holdfast.estimator._starting_point import StartingPoint
from holdfast.estimator._warm_start import WarmStartSettings, warm_start
from holdfast.train import (
    CheckpointSaverHook,
    CheckpointSaverListener,
    SessionRunArgs,
    SessionRunHook,
    StopAtStepHook,
)
from holdfast.train._hooks import nan_loss_error
from holdfast.train._loop import RunLoop, StepPlan
from holdfast.train._saver_options import SavedState
from holdfast.train._session import Session
from holdfast.train._session_run_hook import ClosingHook

_logger = logging.getLogger("holdfast")
_SEED_MASK = (1 << 64) - 1


def run_seed(config: RunConfig, reader: _core.CheckpointReader | None) -> int:
    """Returns the seed of a run: the checkpoint's, else the configuration's, else a new one."""
    if reader is not None:
        for stream in json.loads(reader.state_json).get("rng", ()):
            if stream.get("stream") == "run":
                return int(stream["key"], 16)
    if config.tf_random_seed is not None:
        return int(config.tf_random_seed) & _SEED_MASK
    return secrets.randbits(64)


def train_model(
    model_fn: Callable[..., Any],
    input_fn: Callable[..., Any],
    *,
    params: Any,
    config: RunConfig,
    model_dir: str,
    start: StartingPoint,
    found_seq: int,
    hooks: Sequence[SessionRunHook],
    stop: StopAtStepHook | None,
    listeners: Sequence[CheckpointSaverListener],
    on_restored: Callable[[Restored], None],
    warm_start_from: WarmStartSettings | None,
) -> None:
    """Trains until `stop`, a hook or the end of the input.

    Args:
      model_fn: Of the Estimator.
      input_fn: Of the call.
      params: Of the Estimator.
      config: Of the Estimator.
      model_dir: Where checkpoints go.
      start: The checkpoint to continue from, or initial values.
      found_seq: newest_seq of model_dir before `start` was chosen.
      hooks: The user's.
      stop: Ends the run at the step that was asked for.
      listeners: The user's.
      on_restored: Told what became of the checkpoint before the first step.
      warm_start_from: Where initial values come from, if not from `start`.

    Raises:
      errors.CheckpointMismatchError: the model does not fit the checkpoint; nothing is changed.
      errors.ModelDirLockedError: another writer has model_dir; nothing is changed.
      errors.NanLossDuringTrainingError: the loss became NaN; no such state is saved.
      errors.InvalidArgumentError: the data do not fit the model, or there are none.
      Interruption: a signal came before the first step.
    """
    seed = run_seed(config, start.reader)
    with _signals.waiting():  # there is nothing to save yet
        built = build_model(
            model_fn, input_fn, mode=ModeKeys.TRAIN, params=params, config=config, seed=seed
        )
        check_not_empty(built.source, "there is nothing to train on")
        with built.graph.as_default():
            every = training_hooks(built, config, model_dir, hooks, stop, listeners)
            for hook in every:
                hook.begin()
        built.graph.finalize()
        session, restored = _open_session(built, config, start, seed, warm_start_from)
        on_restored(restored)
    saved_state = _saved_state(built, start)
    savers = [hook for hook in every if isinstance(hook, CheckpointSaverHook)]
    for saver in savers:
        here = os.path.abspath(saver.checkpoint_dir) == os.path.abspath(model_dir)
        # A directory of the user's own: nothing there was found or passed over.
        state = dataclasses.replace(saved_state, found_seq=found_seq)
        if not here:
            state = dataclasses.replace(saved_state, found_seq=None, set_aside=(), rejected=())
        saver.configure(saver_options(config), state)
    loop = RunLoop(session, _plan(built, model_dir), every)
    try:
        for hook in every:
            _signals.told(hook.after_create_session, session, None)
        loop.run()
    except _signals.Interruption:
        loop.finish()  # as at any other end, with the last save
    finally:
        # Not left to the end of the objects: the traceback of an exception keeps them alive.
        for hook in every:
            if isinstance(hook, ClosingHook):
                hook.close()
    if session.iteration == 0 and not _signals.pending():
        raise empty_error("training made no step")
    _logger.info("Loss for final step: %s.", loop.watched)


def _open_session(
    built: BuiltModel,
    config: RunConfig,
    start: StartingPoint,
    seed: int,
    settings: WarmStartSettings | None,
) -> tuple[Session, Restored]:
    graph_seed = seed if built.graph.seed is None else int(built.graph.seed) & _SEED_MASK
    trainer = _core.Trainer(built.graph.core, graph_seed, config.num_threads or 0)
    slots = "reset" if config.restore_optimizer == "reset" else "restore"
    restored = restore(trainer, start, slots=slots, facts=built.facts)
    if restored.source is None:
        write_initial_values(trainer, built.graph)
    if restored.source is None and settings is not None:
        done = warm_start(trainer, built.graph, settings)
        restored = dataclasses.replace(restored, warm_start=done)
    feed = resume(built.source, start.reader, trainer.seed, config.input_resume)
    restored = dataclasses.replace(restored, input_batches=feed.input.consumed)
    return Session(trainer, built.graph, feed), restored


def _saved_state(built: BuiltModel, start: StartingPoint) -> SavedState:
    reader = start.reader
    before: dict[str, Any] = {} if reader is None else json.loads(reader.state_json)
    schedule = before.get("schedule", {})
    user = before.get("user", {})
    return SavedState(
        model=built.facts,
        state=lambda: {"user": user},
        train_seconds=float(schedule.get("train_seconds", 0.0)),
        restored_from=start.path,
        restored_unix_ms=None if reader is None else reader.info.created_unix_ms,
        set_aside=start.set_aside(),
        rejected=start.rejected(),
    )


def _plan(built: BuiltModel, model_dir: str) -> StepPlan:
    spec = built.spec
    assert spec.train_op is not None
    assert spec.loss is not None
    watch = spec.loss.node if spec.loss.dtype == dtypes.float32 else -1
    return StepPlan(
        targets=built.graph.run_targets([_element(spec.train_op)]),
        watch=watch,
        on_nan=lambda step: nan_loss_error(step, model_dir),
        original_args=SessionRunArgs([spec.train_op, spec.loss]),
    )


def _element(train_op: Any) -> Operation:
    return train_op if isinstance(train_op, Operation) else train_op.op


def model_dir_problem(model_dir: str) -> str | None:
    """Returns why nothing can be written there, or None; asks the disk nothing it would change."""
    if os.path.exists(model_dir) and not os.path.isdir(model_dir):
        return f"model_dir {model_dir!r} is a file; expected a directory, or a name that is free"
    return None
