"""How a command ends: its exit codes, and errors as one sentence with a next step."""

from __future__ import annotations

import json
import sys
from enum import IntEnum
from typing import Any

from holdfast import errors


class ExitCode(IntEnum):
    """The exit codes of every command; README.md lists them."""

    OK = 0
    DAMAGED = 1  # what verify or inspect was asked to look at is damaged
    USAGE = 2  # an option or argument is wrong
    DATA = 3  # the table cannot be read, or does not suit the model
    CHECKPOINT = 4  # there is none, it is damaged or in use, or it does not fit the model
    TRAINING = 5  # the loss became NaN, or a checkpoint could not be saved
    INTERNAL = 70  # a mistake of holdfast; --debug shows where. 70: EX_SOFTWARE of sysexits.h
    SYSTEM = 74  # output could not be written, or a file not be read. 74: EX_IOERR of sysexits.h
    INTERRUPTED = 130  # Ctrl-C, as shells count it: 128 + SIGINT
    TERMINATED = 143  # 128 + SIGTERM


class CommandError(Exception):
    """What a command says before it ends.

    Args:
      message: What is wrong, with the value found, and what to do about it.
      code: How the process ends.
    """

    def __init__(self, message: str, code: ExitCode) -> None:
        super().__init__(message)
        self.code = code


class DataError(CommandError):
    """Something is wrong with a table."""

    def __init__(self, message: str) -> None:
        super().__init__(message, ExitCode.DATA)


# First match wins: classes of holdfast derive from TensorFlow's broader ones.
_CODES: tuple[tuple[type[BaseException], ExitCode], ...] = (
    (errors.NanLossDuringTrainingError, ExitCode.TRAINING),
    (errors.CheckpointSaveError, ExitCode.TRAINING),
    (errors.NoCheckpointError, ExitCode.CHECKPOINT),
    (errors.CheckpointMismatchError, ExitCode.CHECKPOINT),
    (errors.CheckpointCorruptError, ExitCode.CHECKPOINT),
    (errors.CheckpointVersionError, ExitCode.CHECKPOINT),
    (errors.UnsafeInputError, ExitCode.CHECKPOINT),
    (errors.ModelDirLockedError, ExitCode.CHECKPOINT),
    (errors.FailedPreconditionError, ExitCode.CHECKPOINT),
    (errors.NotFoundError, ExitCode.CHECKPOINT),
    (errors.DataLossError, ExitCode.CHECKPOINT),
    (errors.OpError, ExitCode.DATA),
    (ValueError, ExitCode.USAGE),
    (OSError, ExitCode.SYSTEM),
    (TypeError, ExitCode.INTERNAL),
)


def exit_code(error: BaseException) -> ExitCode:
    """Returns the code that a command ends with when this was raised."""
    if isinstance(error, CommandError):
        return error.code
    if isinstance(error, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    if isinstance(error, errors.TrainingInterrupted):
        return ExitCode(error.code)
    for cls, code in _CODES:
        if isinstance(error, cls):
            return code
    return ExitCode.INTERNAL


def report(error: BaseException, *, as_json: bool) -> ExitCode:
    """Prints an error to standard error, as a sentence or as JSON; returns the exit code."""
    code = exit_code(error)
    text = str(error) or type(error).__name__
    if isinstance(error, KeyboardInterrupt):
        text = (
            "interrupted; the checkpoints written so far are whole, and train continues from them"
        )
    elif code == ExitCode.INTERNAL:
        text = (
            f"{type(error).__name__}: {text}\nThis is a mistake of holdfast; --debug shows where."
        )
    elif isinstance(error, OSError) and error.filename is None:  # nothing but output has no name
        text = f"the output could not be written: {error.strerror}; what was printed is not whole"
    if as_json:
        facts: dict[str, Any] = {
            "error": text,
            "kind": type(error).__name__,
            "exit_code": int(code),
        }
        print(json.dumps(facts), file=sys.stderr)
    elif not isinstance(error, errors.TrainingInterrupted):  # the log has just said it
        print(f"holdfast: {text}", file=sys.stderr)
    return code
