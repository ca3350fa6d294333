"""Which hooks a call of train runs with, and in which order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from holdfast import dtypes
from holdfast.estimator._building import BuiltModel
from holdfast.estimator._run_config import RunConfig
from holdfast.train import (
    CheckpointSaverHook,
    CheckpointSaverListener,
    LoggingTensorHook,
    NanTensorHook,
    SessionRunHook,
    StepCounterHook,
    StopAtStepHook,
)
from holdfast.train._progress_hook import progress_hooks
from holdfast.train._retention import Retention
from holdfast.train._saver_options import SaverOptions
from holdfast.train._summary_hooks import EventFileHook, EventFileListener


def saver_options(config: RunConfig) -> SaverOptions:
    """Returns how a run of this configuration writes and keeps checkpoints."""
    return SaverOptions(
        retention=Retention(
            keep_checkpoint_max=config.keep_checkpoint_max,
            keep_checkpoint_every_n_hours=config.keep_checkpoint_every_n_hours,
            keep_best=config.keep_best,
        ),
        durability=config.durability,
        nonfinite=config.nonfinite,
        save_retries=config.save_retries,
        max_failed_saves=config.max_failed_saves,
        async_save=config.async_save,
        async_on_busy=config.async_on_busy,
        break_lock=config.break_lock,
        threads=config.num_threads or 0,
    )


def training_hooks(
    built: BuiltModel,
    config: RunConfig,
    model_dir: str,
    hooks: Sequence[SessionRunHook],
    stop: StopAtStepHook | None,
    listeners: Sequence[CheckpointSaverListener],
) -> list[SessionRunHook]:
    """Returns all hooks of one call, in TF's order.

    The saver comes first. A CheckpointSaverHook among the user's or the model's takes its place.
    A float32 loss is watched by the trainer itself, another one by a hook in front of the saver.
    The event file comes last: nothing may be written where the saver refuses to.

    Raises:
      ValueError: there are listeners and nothing saves.
    """
    spec = built.spec
    users = [*spec.training_chief_hooks, *hooks, *spec.training_hooks]
    savers = [hook for hook in users if isinstance(hook, CheckpointSaverHook)]
    own: list[SessionRunHook] = []
    if not savers and (config.save_checkpoints_secs or config.save_checkpoints_steps):
        saver = CheckpointSaverHook(
            model_dir,
            save_secs=config.save_checkpoints_secs or None,
            save_steps=config.save_checkpoints_steps or None,
        )
        savers, own = [saver], [saver]
    if listeners and not savers:
        raise ValueError(
            "saving_listeners need checkpoints, and RunConfig switches them off; set "
            "save_checkpoints_secs or save_checkpoints_steps"
        )
    events = _event_files(spec.loss, config, model_dir)
    if savers and events:
        savers[0].add_listeners([EventFileListener(events[0], model_dir)])
    total, last_step = (None, None) if stop is None else (stop.num_steps, stop.last_step)
    lines = progress_hooks(config.progress, "training", total, last_step)
    if savers and lines:
        savers[0].add_listeners([lines[0].listener])
    if listeners:
        savers[0].add_listeners(listeners)
    every = config.log_step_count_steps
    counters = [] if every is None else [StepCounterHook(every_n_steps=every)]
    stops = [] if stop is None else [stop]
    loggers = [] if every is None else [_loss_logger(built, every)]
    return [
        *_watchers(built),
        *own,
        *spec.training_chief_hooks,
        *counters,
        *hooks,
        *stops,
        *loggers,
        *spec.training_hooks,
        *events,
        *lines,
    ]


def _event_files(loss: Any, config: RunConfig, model_dir: str) -> list[EventFileHook]:
    summaries, speed = config.save_summary_steps, config.log_step_count_steps
    if not summaries and not speed:
        return []
    return [EventFileHook(model_dir, loss, summaries, speed)]


def _watchers(built: BuiltModel) -> list[SessionRunHook]:
    loss = built.spec.loss
    return [] if loss is None or loss.dtype == dtypes.float32 else [NanTensorHook(loss)]


def _loss_logger(built: BuiltModel, every: int) -> LoggingTensorHook:
    return LoggingTensorHook({"loss": built.spec.loss, "step": "global_step"}, every_n_iter=every)
