"""Saver: when the checkpoints of a run are made, and what follows from each.

What is due is asked of SaveSchedule; what a save does is SaveJob's. It runs at once, or on a
background thread while training goes on. Its outcome is settled by the training thread: failures
are counted or raised, listeners are told.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Callable, Sequence

import numpy as np

from holdfast import _core, _signals, errors
from holdfast.train._background_save import BackgroundSave
from holdfast.train._save_job import Outcome, SaveJob, Stakes
from holdfast.train._saver_listener import CheckpointSaverListener
from holdfast.train._saver_options import Clock, SavedState, SaverOptions
from holdfast.train._schedule import SaveSchedule
from holdfast.train._session import Session

_logger = logging.getLogger("holdfast")


def newest_seq(model_dir: str) -> int:
    """Returns the commit number of the newest checkpoint; 0 if there is none to be used."""
    try:
        found = _core.list_checkpoints(model_dir)
    except errors.CheckpointCorruptError:
        return 0
    return max((info.commit_seq for info in found), default=0)


class Saver:
    """Writes the checkpoints of one run into one directory, locked against others until `close`.

    Its methods are for the thread that trains.

    Args:
      model_dir: Where the checkpoints go.
      schedule: When.
      options: How.
      saved_state: What, beside the tensors.
      listeners: Told of each.
      clock: Of all waiting.
      interrupted: Asked while something is waited for; True: training is to end soon, so that
        retries of a save are not waited for any more.

    Raises:
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
        interrupted: Callable[[], bool] = lambda: False,
    ) -> None:
        self.schedule = schedule
        self._model_dir = model_dir
        self._options = options
        self._saved_state = saved_state
        self._listeners = list(listeners)
        self._clock = clock or Clock()
        self._interrupted = interrupted
        self._hurry = threading.Event()  # tells the background thread of `interrupted`
        self._began = self._clock.seconds()
        self._failures = 0  # in a row
        self._first_step: int | None = None
        self._stop = False  # a listener has asked to
        self._staged: _core.StagedCheckpoint | None = None
        self._background: BackgroundSave[Outcome] = BackgroundSave()
        self._writer = _core.CheckpointWriter(
            model_dir,
            options.durability,
            options.threads,
            options.break_lock,
            keep_unfinished=bool(saved_state.rejected),
        )
        try:
            self._check_found()
            self._put_away()
            self._job = SaveJob(self._writer, model_dir, options, self._clock, self._hurried)
        except BaseException:
            self.close()
            raise

    def start(self, session: Session) -> None:
        """Saves the state the run starts with, unless it is the checkpoint just restored."""
        if not self.schedule.enabled:
            return
        step = self._first_step = session.global_step
        if not self._is_restored(step):
            self._save(session)
            return
        self._before_save(session)
        self.schedule = self.schedule.saved(step, self._clock.seconds() - self._restored_age())
        self._after_save(session, step)
        self._job.retain(started_from=self._saved_state.restored_from)

    def next_step(self, step: int) -> int | None:
        """Returns the first step after `step` to `look` at; None: not yet, as things stand."""
        if self._background.finished or self._stop:
            return step + 1
        return self.schedule.next_step(step, self._clock.seconds())

    def look(self, session: Session) -> bool:
        """Settles a background save that has ended, and saves if it is due.

        Returns: whether a listener has asked to stop.

        Raises:
          errors.CheckpointSaveError: too many saves in a row have failed, or this one is refused.
        """
        if self._background.finished:
            self._settle(session)
        if self.schedule.due(session.global_step, self._clock.seconds()):
            if self._background.pending and self._options.async_on_busy == "skip":
                self._skip(session.global_step)
            else:
                self._save(session)
        return self._stop

    def wait_for_saves(self, session: Session) -> None:
        """Waits until no save is being written, and settles it.

        Raises:
          errors.CheckpointSaveError: too many saves in a row have failed.
        """
        self._background.wait(self._pass_on_interruption)
        if self._background.pending:
            self._settle(session)

    def finish(self, session: Session) -> None:
        """Saves the last state, unless it is saved, and ends the listeners."""
        self.wait_for_saves(session)
        step = session.global_step
        if self.schedule.due_at_end(step):
            self._save(session, final=True)
        for listener in self._listeners:
            _signals.told(listener.end, session, step)

    def close(self) -> None:
        """Lets other writers have model_dir, once what is being written is there.

        That it fails is logged, not raised: training may be failing already.
        """
        self._background.when_idle(self._writer.close)
        self._background.wait(self._pass_on_interruption)
        self._staged = None
        if self._background.pending:
            try:
                self._background.take()
            except Exception:
                _logger.exception("A save in the background has failed:")

    def _pass_on_interruption(self) -> None:
        if self._interrupted():
            self._hurry.set()

    def _hurried(self) -> bool:
        return self._hurry.is_set() or self._interrupted()

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

    def _put_away(self) -> None:
        # Only now: the lock is held, and the state to go on with is restored.
        for path in (*self._saved_state.set_aside, *self._saved_state.rejected):
            rejected = path in self._saved_state.rejected
            try:
                renamed = self._writer.set_aside(path, rejected)
            except errors.OpError as error:
                _logger.warning("Could not rename %s, which cannot be used: %s", path, error)
            else:
                _logger.warning(
                    "Checkpoint %s cannot be used and is now named %s.",
                    path,
                    os.path.basename(renamed),
                )

    def _restored_age(self) -> float:
        """Seconds since the restored checkpoint was written; 0 by a clock that was set back."""
        written = self._saved_state.restored_unix_ms
        return 0.0 if written is None else max(0.0, self._clock.unix_seconds() - written / 1000)

    def _is_restored(self, step: int) -> bool:
        path = self._saved_state.restored_from
        if path is None or os.path.dirname(os.path.abspath(path)) != os.path.abspath(
            self._model_dir
        ):
            return False
        # An older one (resume_from) is saved anew, so that it is the newest from now on.
        newest = _core.latest_checkpoint(self._model_dir)
        if newest is None or os.path.basename(newest) != os.path.basename(path):
            return False
        return os.path.basename(path) == f"model.ckpt-{step}"

    def _skip(self, step: int) -> None:
        _logger.info(
            "The checkpoint of step %d is skipped, as RunConfig(async_on_busy='skip') asks: the "
            "one before is still being written.",
            step,
        )
        self.schedule = self.schedule.tried(step, self._clock.seconds())

    def _save(self, session: Session, *, final: bool = False) -> None:
        self.wait_for_saves(session)
        step = session.global_step
        self._before_save(session)
        self._refuse_nonfinite(session, step)
        # A failed save moves the schedule on as well: the next try is an interval away.
        self.schedule = self.schedule.tried(step, self._clock.seconds())
        _logger.info(
            "Saving checkpoints for %d into %s.", step, os.path.join(self._model_dir, "model.ckpt")
        )
        stakes = Stakes(failures=self._failures, final=final)
        state, model = self._documents()
        if not self._options.async_save or final:
            write = lambda: session.trainer.save(self._writer, state, model)  # noqa: E731
            self._heed(session, self._job.run(step, write, stakes), final=final)
            return
        staged = self._staged = self._staged or _core.StagedCheckpoint()
        try:
            self._job.within_memory(step, lambda: session.trainer.stage(staged, state, model))
        except errors.CheckpointSaveError as error:  # memory is short
            self._heed(session, self._job.failed(step, error, stakes))
            return
        write = lambda: self._writer.save_staged(staged)  # noqa: E731
        self._background.start(lambda: self._job.run(step, write, stakes))

    def _settle(self, session: Session) -> None:
        self._heed(session, self._background.take())

    def _heed(self, session: Session, outcome: Outcome, *, final: bool = False) -> None:
        # Listeners hear nothing of a checkpoint that does not exist.
        if outcome.error is None:
            self._failures = 0
            self.schedule = self.schedule.saved(outcome.step, self._clock.seconds())
            self._after_save(session, outcome.step)
            return
        self._failures += 1
        if final or self._failures >= self._options.max_failed_saves:
            raise outcome.error

    def _before_save(self, session: Session) -> None:
        step = session.global_step
        _logger.debug("Calling checkpoint listeners before saving checkpoint %d...", step)
        for listener in self._listeners:
            _signals.told(listener.before_save, session, step)

    def _after_save(self, session: Session, step: int) -> None:
        answers = [
            _signals.told(listener.after_save, session, step) for listener in self._listeners
        ]
        # What they say of the state a run starts with counts for nothing, as in TF.
        self._stop = self._stop or (step != self._first_step and any(answers))

    def _documents(self) -> tuple[str, str]:
        seconds = self._saved_state.train_seconds + self._clock.seconds() - self._began
        state = dict(self._saved_state.state())
        state["schedule"] = {"train_seconds": round(seconds, 3)}
        return json.dumps(state), json.dumps(dict(self._saved_state.model))

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
