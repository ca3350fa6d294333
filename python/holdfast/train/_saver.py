"""Saver: the one place that touches clock and disk for a run's checkpoints.

What is due and what stays are asked of SaveSchedule and Retention.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from holdfast import _core, errors
from holdfast.train._retaining import retain
from holdfast.train._retention import Retention
from holdfast.train._schedule import SaveSchedule
from holdfast.train._session import Session

_logger = logging.getLogger("holdfast")


class CheckpointSaverListener:
    """Told of every checkpoint of a run. Source: tf.estimator.CheckpointSaverListener."""

    def begin(self) -> None:
        """Called once before the run."""

    def before_save(self, session: Session, global_step_value: int) -> None:
        """Called before a checkpoint of that step is written."""

    def after_save(self, session: Session, global_step_value: int) -> bool | None:
        """Called once the checkpoint is safe on disk. True, between first and last: stop."""
        return None

    def end(self, session: Session, global_step_value: int) -> None:
        """Called once after the last save."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Clock:
    """Seconds for intervals; passed in by tests."""

    seconds: Callable[[], float] = time.monotonic


@dataclasses.dataclass(frozen=True, kw_only=True)
class SaverOptions:
    """How the checkpoints of a run are written and kept. See RunConfig for each field."""

    retention: Retention = dataclasses.field(default_factory=Retention)
    durability: str = "full"
    nonfinite: str = "warn"
    max_failed_saves: int = 3
    threads: int = 0


@dataclasses.dataclass(frozen=True, kw_only=True)
class SavedState:
    """What goes into a checkpoint beside the tensors.

    Args:
      model: The manifest's "model".
      state: Makes the manifest's "state" of the moment, without what the trainer adds.
      train_seconds: Seconds of training before this run.
      restored_from: The checkpoint this run continues from.
      found_seq: newest_seq of model_dir before the run chose what to restore; None: not looked.
    """

    model: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    state: Callable[[], Mapping[str, Any]] = dict
    train_seconds: float = 0.0
    restored_from: str | None = None
    found_seq: int | None = None


def newest_seq(model_dir: str) -> int:
    """Returns the commit number of the newest checkpoint; 0 if there is none."""
    return max((info.commit_seq for info in _core.list_checkpoints(model_dir)), default=0)


class Saver:
    """Writes the checkpoints of one run into one directory, locked against others until `close`.

    Raises, when made:
      errors.ModelDirLockedError: another writer has model_dir, or had it while the run started.
      errors.FailedPreconditionError: model_dir is a file.
      errors.PermissionDeniedError: model_dir cannot be written.
    """

    def __init__(
        self,
        model_dir: str,
        schedule: SaveSchedule,
        options: SaverOptions,
        saved_state: SavedState,
        listeners: Sequence[CheckpointSaverListener] = (),
        clock: Clock | None = None,
    ) -> None:
        self.schedule = schedule
        self._model_dir = model_dir
        self._options = options
        self._saved_state = saved_state
        self._listeners = list(listeners)
        self._clock = clock or Clock()
        self._began = self._clock.seconds()
        self._started_from = saved_state.restored_from
        self._failures = 0
        self._writer = _core.CheckpointWriter(model_dir, options.durability, options.threads)
        try:
            self._check_found()
        except BaseException:
            self.close()
            raise

    def start(self, session: Session) -> None:
        """Saves the state the run starts with, unless it is the checkpoint just restored."""
        if not self.schedule.enabled:
            return
        unchanged = self._is_restored(session.global_step)
        self._save(session, unchanged=unchanged)
        if unchanged:
            self._retain()

    def due(self, step: int) -> bool:
        """Returns whether the state after `step` is to be saved now."""
        return self.schedule.due(step, self._clock.seconds())

    def next_step(self, step: int) -> int | None:
        """Returns the first step after `step` that may be due; None: not yet, as time stands."""
        return self.schedule.next_step(step, self._clock.seconds())

    def save(self, session: Session) -> bool:
        """Saves between two steps; returns whether a listener asks to stop."""
        return self._save(session)

    def finish(self, session: Session) -> None:
        """Saves the last state, unless it is saved, and ends the listeners."""
        step = session.global_step
        if self.schedule.due_at_end(step):
            self._save(session, final=True)
        for listener in self._listeners:
            listener.end(session, step)

    def close(self) -> None:
        """Lets other writers have model_dir. Nothing can be saved afterwards."""
        self._writer.close()

    def _check_found(self) -> None:
        # Two runs that start together restore the same state; the one that gets the lock second
        # would make its own, older steps the newest checkpoint.
        found = self._saved_state.found_seq
        if found is not None and newest_seq(self._model_dir) != found:
            raise errors.ModelDirLockedError(
                f"model_dir {self._model_dir!r} was written by another process while this run was "
                "starting; nothing of this run is saved. Call train again to continue from the "
                "newest checkpoint.",
                {"path": self._model_dir},
            )

    def _is_restored(self, step: int) -> bool:
        path = self._saved_state.restored_from
        if path is None or os.path.dirname(os.path.abspath(path)) != os.path.abspath(
            self._model_dir
        ):
            return False
        return os.path.basename(path) == f"model.ckpt-{step}"

    def _save(self, session: Session, *, final: bool = False, unchanged: bool = False) -> bool:
        step = session.global_step
        _logger.debug("Calling checkpoint listeners before saving checkpoint %d...", step)
        for listener in self._listeners:
            listener.before_save(session, step)
        # A failed save moves the schedule on as well: the next try is an interval away. Listeners
        # hear nothing of a checkpoint that does not exist.
        written = unchanged or self._try_write(session, step, final)
        self.schedule = self.schedule.saved(step, self._clock.seconds())
        if not written:
            return False
        answers = [listener.after_save(session, step) for listener in self._listeners]
        return any(answers)

    def _try_write(self, session: Session, step: int, final: bool) -> bool:
        self._refuse_nonfinite(session, step)
        try:
            path = self._write(session, step)
        except errors.CheckpointSaveError as error:
            self._failures += 1
            if final or self._failures >= self._options.max_failed_saves:
                raise
            _logger.error(
                "Saving the checkpoint of step %d failed (%d of %d in a row are allowed), training "
                "goes on: %s",
                step,
                self._failures,
                self._options.max_failed_saves - 1,
                error,
            )
            return False
        self._failures = 0
        self._started_from = None
        self._warn_of_nonfinite(path)
        self._retain()
        return True

    def _write(self, session: Session, step: int) -> str:
        _logger.info(
            "Saving checkpoints for %d into %s.", step, os.path.join(self._model_dir, "model.ckpt")
        )
        seconds = self._saved_state.train_seconds + self._clock.seconds() - self._began
        state = dict(self._saved_state.state())
        state["schedule"] = {"train_seconds": round(seconds, 3)}
        return session.trainer.save(
            self._writer, json.dumps(state), json.dumps(dict(self._saved_state.model))
        )

    def _refuse_nonfinite(self, session: Session, step: int) -> None:
        if self._options.nonfinite != "error":
            return
        for name in session.trainer.variable_names():
            value = session.trainer.read_variable(name)
            if value.dtype.kind == "f" and not np.isfinite(value).all():
                count = int((~np.isfinite(value)).sum())
                raise errors.CheckpointSaveError(
                    f"The checkpoint of step {step} is refused, as RunConfig(nonfinite='error') "
                    f"asks: {name!r} holds {count} NaN or infinite values. The checkpoints before "
                    f"it in {self._model_dir!r} are unchanged.",
                    {"path": self._model_dir, "step": step, "tensor": name, "found": count},
                )

    def _warn_of_nonfinite(self, path: str) -> None:
        if self._options.nonfinite != "warn":
            return
        count = _core.CheckpointReader(path).info.nonfinite
        if count:
            _logger.warning(
                "Checkpoint %s holds %d NaN or infinite values; the newest one without any is kept "
                "beside it.",
                path,
                count,
            )

    def _retain(self) -> None:
        retain(
            self._writer,
            self._model_dir,
            self._options.retention,
            started_from=self._started_from,
        )
