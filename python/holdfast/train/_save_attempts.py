"""One save with its retries, and what is said when all of them have failed.

A retry starts over with new files, since a file whose fsync failed may have lost its data and
would not say so again. That a full disk or a network file system recovers takes seconds, and
training can wait so long; what takes longer is left to the next save.
"""

from __future__ import annotations

import dataclasses
import logging
import os
from collections.abc import Callable

from holdfast import errors
from holdfast.train._saver_options import Clock

_logger = logging.getLogger("holdfast")

WAITS = (1.0, 5.0)  # seconds before the first retry, and before every other one
_POLL_SECS = 0.05  # between two looks whether to stop waiting


@dataclasses.dataclass(frozen=True, kw_only=True)
class DurableCheckpoint:
    """The newest checkpoint known to survive a power cut, and when it was made."""

    path: str
    unix_seconds: float


def write_with_retries(
    write: Callable[[], str],
    *,
    step: int,
    retries: int,
    clock: Clock,
    hurried: Callable[[], bool],
) -> str:
    """Returns what `write` returns, calling it again after errors.CheckpointSaveError.

    Args:
      write: Writes a checkpoint, all of it anew at every call.
      step: The checkpoint's, for the log.
      retries: Calls after the first one.
      clock: Waits between the calls.
      hurried: Asked while waiting; True ends this wait and all others.

    Raises:
      errors.CheckpointSaveError: the error of the last call.
    """
    for attempt in range(retries + 1):
        try:
            return write()
        except errors.CheckpointSaveError as error:
            if attempt == retries:
                raise
            seconds = WAITS[min(attempt, len(WAITS) - 1)]
            _logger.warning(
                "Saving the checkpoint of step %d failed (try %d of %d), trying again in %g s: %s",
                step,
                attempt + 1,
                retries + 1,
                seconds,
                error,
            )
        _wait(seconds, clock, hurried)
    raise AssertionError("unreachable: the last attempt returns or raises")


def final_error(
    error: errors.CheckpointSaveError, newest: DurableCheckpoint | None, clock: Clock
) -> errors.CheckpointSaveError:
    """Returns the error with what a person needs to know next: what there is to fall back on."""
    details = dict(error.details)
    if newest is None:
        text = "There is no durable checkpoint in this model_dir yet."
    else:
        age = max(0, round(clock.unix_seconds() - newest.unix_seconds))
        text = f"The newest durable checkpoint, {os.path.basename(newest.path)}, is {age} s old."
        details.update(newest_durable=newest.path, newest_durable_age_secs=str(age))
    made = type(error)._from_core(f"{error} {_missing(error)}{text}", error.error_code, details)
    assert isinstance(made, errors.CheckpointSaveError)
    return made


def _missing(error: errors.CheckpointSaveError) -> str:
    # Only where space was the problem: that the disk is nearly full may be a mere coincidence.
    if not isinstance(error, errors.ResourceExhaustedError):
        return ""
    needed, free = error.details.get("bytes_needed"), error.details.get("bytes_free")
    if needed is None or free is None or int(free) >= int(needed):
        return ""
    return f"{int(needed) - int(free)} bytes are missing. "


def _wait(seconds: float, clock: Clock, hurried: Callable[[], bool]) -> None:
    until = clock.seconds() + seconds
    while not hurried():
        left = until - clock.seconds()
        if left <= 0:
            return
        clock.sleep(min(left, _POLL_SECS))
