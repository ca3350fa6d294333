"""SaveJob: what one save does on whichever thread runs it: write, retry, retain.

What has come of it is returned, for the training thread to act on.
"""

from __future__ import annotations

import dataclasses
import logging
import os
from collections.abc import Callable
from typing import TypeVar

from holdfast import _core, errors
from holdfast.train._retaining import log_warnings, retain
from holdfast.train._save_attempts import DurableCheckpoint, final_error, write_with_retries
from holdfast.train._saver_options import Clock, SaverOptions

_T = TypeVar("_T")
_logger = logging.getLogger("holdfast")


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What has come of the save of a step: a checkpoint, or an error."""

    step: int
    error: errors.CheckpointSaveError | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Stakes:
    """What a failure would mean, for the log.

    Args:
      failures: Saves that have failed in a row before this one.
      final: Whether it is the last save of the run.
    """

    failures: int
    final: bool


class SaveJob:
    """Writes the checkpoints of one run, one at a time.

    Args:
      writer: Has the lock of model_dir.
      model_dir: Where the checkpoints go.
      options: How they are written and kept.
      clock: Of the waits between tries.
      hurried: Asked while waiting; True: wait no more. Called on the thread of the save.
    """

    def __init__(
        self,
        writer: _core.CheckpointWriter,
        model_dir: str,
        options: SaverOptions,
        clock: Clock,
        hurried: Callable[[], bool],
    ) -> None:
        self._writer = writer
        self._model_dir = model_dir
        self._options = options
        self._clock = clock
        self._hurried = hurried
        self._newest = _newest_on_disk(model_dir)

    def run(self, step: int, write: Callable[[], str], stakes: Stakes) -> Outcome:
        """Makes a checkpoint with `write`, then deletes what retention does not keep.

        Nothing is deleted unless the checkpoint is durable.
        """
        try:
            path = write_with_retries(
                lambda: self.within_memory(step, write),
                step=step,
                retries=self._options.save_retries,
                clock=self._clock,
                hurried=self._hurried,
            )
        except errors.CheckpointSaveError as error:
            log_warnings(self._writer)
            return self.failed(step, error, stakes)
        self._newest = DurableCheckpoint(path=path, unix_seconds=self._clock.unix_seconds())
        self._warn_of_nonfinite(path)
        # The checkpoint that the run was started from needs no keeping once the run has saved.
        self.retain(started_from=None)
        return Outcome(step)

    def within_memory(self, step: int, call: Callable[[], _T]) -> _T:
        """Returns what `call` returns; that memory is used up becomes a failure of the save.

        Raises: errors.CheckpointSaveError.
        """
        try:
            return call()
        except MemoryError as error:
            path = os.path.join(self._model_dir, f"model.ckpt-{step}")
            raise errors.CheckpointDiskFullError(
                f"checkpoint {path}: memory is used up. Earlier checkpoints are untouched. Train "
                "with less data or a smaller model in memory, or on a machine with more.",
                {"path": path, "step": step},
            ) from error

    def failed(self, step: int, error: errors.CheckpointSaveError, stakes: Stakes) -> Outcome:
        """Returns the outcome of a save that has failed for good, having logged it."""
        told = final_error(error, self._newest, self._clock)
        failures, allowed = stakes.failures + 1, self._options.max_failed_saves
        _logger.error(
            "Saving the checkpoint of step %d failed (%d in a row, max_failed_saves=%d), training "
            "%s: %s",
            step,
            failures,
            allowed,
            "ends" if stakes.final or failures >= allowed else "goes on",
            told,
        )
        return Outcome(step, told)

    def retain(self, started_from: str | None) -> None:
        """Applies retention. started_from: the checkpoint of the run, until it has saved once."""
        retain(self._writer, self._model_dir, self._options.retention, started_from=started_from)

    def _warn_of_nonfinite(self, path: str) -> None:
        if self._options.nonfinite != "warn":
            return
        try:
            count = _core.CheckpointReader(path).info.nonfinite
        except errors.OpError as error:
            _logger.warning("Could not look for NaN values in checkpoint %s: %s", path, error)
            return
        if count:
            _logger.warning(
                "Checkpoint %s holds %d NaN or infinite values; the newest one without any is kept "
                "beside it.",
                path,
                count,
            )


def _newest_on_disk(model_dir: str) -> DurableCheckpoint | None:
    found = _core.list_checkpoints(model_dir)
    if not found:
        return None
    return DurableCheckpoint(path=found[-1].path, unix_seconds=found[-1].created_unix_ms / 1000)
