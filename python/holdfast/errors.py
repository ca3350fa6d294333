"""Every error of the library: TensorFlow's classes, and holdfast's own derived from them.

`str(error)` is the message; `error.details` holds the facts of it as text by name, and the usual
ones are attributes: `path`, `step`, `tensor`, `file`, `offset`, `expected`, `found`.
Source: tf.errors, and section "Error types" of the checkpoint format.
"""

from __future__ import annotations

import signal
from collections.abc import Mapping
from typing import Any

from holdfast import _core

# Source: tensorflow/core/protobuf/error_codes.proto.
OK = 0
CANCELLED = 1
UNKNOWN = 2
INVALID_ARGUMENT = 3
DEADLINE_EXCEEDED = 4
NOT_FOUND = 5
ALREADY_EXISTS = 6
PERMISSION_DENIED = 7
RESOURCE_EXHAUSTED = 8
FAILED_PRECONDITION = 9
ABORTED = 10
OUT_OF_RANGE = 11
UNIMPLEMENTED = 12
INTERNAL = 13
UNAVAILABLE = 14
DATA_LOSS = 15
UNAUTHENTICATED = 16


class _DetailedError(Exception):
    """Holds what both families share: message, code, and facts."""

    _code: int = UNKNOWN

    def __init__(self, message: str, code: int, details: Mapping[str, object] | None) -> None:
        super().__init__(message)
        self._message = message
        self._error_code = code
        self._node_def: Any = None
        self._op: Any = None
        self.details: dict[str, str] = {k: str(v) for k, v in (details or {}).items()}

    def __str__(self) -> str:
        return self._message

    def __reduce__(self) -> tuple[Any, ...]:
        state = dict(self.__dict__)
        return _rebuild, (type(self), self._message, self._error_code, self.details), state

    @classmethod
    def _from_core(cls, message: str, code: int, details: Mapping[str, str]) -> _DetailedError:
        """Makes the exception of an error of the C++ core, whatever the class's constructor."""
        error = cls.__new__(cls)
        _DetailedError.__init__(error, message, code, details)
        return error

    @property
    def message(self) -> str:
        """What happened: subject, expected, found, next step."""
        return self._message

    @property
    def error_code(self) -> int:
        """One of the constants of this module."""
        return self._error_code

    @property
    def path(self) -> str | None:
        """The directory or file spoken of."""
        return self.details.get("path")

    @property
    def step(self) -> int | None:
        """The global step spoken of."""
        return self._number("step")

    @property
    def tensor(self) -> str | None:
        """The variable spoken of, by its checkpoint name."""
        return self.details.get("tensor")

    @property
    def file(self) -> str | None:
        """The file within `path`."""
        return self.details.get("file")

    @property
    def offset(self) -> int | None:
        """Bytes from the beginning of `file`."""
        return self._number("offset")

    @property
    def expected(self) -> str | None:
        """What should have been there, as text."""
        return self.details.get("expected")

    @property
    def found(self) -> str | None:
        """What was there, as text."""
        return self.details.get("found")

    def _number(self, key: str) -> int | None:
        text = self.details.get(key)
        try:
            return None if text is None else int(text)
        except ValueError:
            return None


def _rebuild(
    cls: type[_DetailedError], message: str, code: int, details: Mapping[str, str]
) -> _DetailedError:
    return cls._from_core(message, code, details)


class OpError(_DetailedError):
    """The base of TensorFlow's errors.

    Args:
      node_def: Kept for `error.node_def`; None here, where no node definition exists.
      op: The symbolic operation that failed, or None.
      message: What happened.
      error_code: One of the constants of this module.
      details: Facts by name.
    """

    def __init__(
        self,
        node_def: Any,
        op: Any,
        message: str,
        error_code: int,
        details: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message, error_code, details)
        self._node_def = node_def
        self._op = op

    @property
    def node_def(self) -> Any:
        """None unless the raiser gave one."""
        return self._node_def

    @property
    def op(self) -> Any:
        """None unless the raiser gave one."""
        return self._op

    @property
    def experimental_payloads(self) -> dict[str, bytes]:
        """Empty: payloads are a matter of distributed TensorFlow."""
        return {}


class _CodedOpError(OpError):
    """An OpError whose code is its class's."""

    def __init__(
        self,
        node_def: Any,
        op: Any,
        message: str,
        details: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(node_def, op, message, self._code, details)


class CancelledError(_CodedOpError):
    """The operation was cancelled."""

    _code = CANCELLED


class UnknownError(_CodedOpError):
    """An error that fits no other class."""

    _code = UNKNOWN


class InvalidArgumentError(_CodedOpError):
    """A value does not fit the operation, whatever the state."""

    _code = INVALID_ARGUMENT


class DeadlineExceededError(_CodedOpError):
    """Time ran out."""

    _code = DEADLINE_EXCEEDED


class NotFoundError(_CodedOpError):
    """A file, checkpoint, tensor or key does not exist."""

    _code = NOT_FOUND


class AlreadyExistsError(_CodedOpError):
    """Something to be created exists."""

    _code = ALREADY_EXISTS


class PermissionDeniedError(_CodedOpError):
    """The caller may not do this."""

    _code = PERMISSION_DENIED


class ResourceExhaustedError(_CodedOpError):
    """Memory, disk space or another resource is used up."""

    _code = RESOURCE_EXHAUSTED


class FailedPreconditionError(_CodedOpError):
    """The system is not in the state that the operation needs."""

    _code = FAILED_PRECONDITION


class AbortedError(_CodedOpError):
    """The operation was stopped by another one or by a signal."""

    _code = ABORTED


class OutOfRangeError(_CodedOpError):
    """The end of the input was passed."""

    _code = OUT_OF_RANGE


class UnimplementedError(_CodedOpError):
    """The library does not do that."""

    _code = UNIMPLEMENTED


class InternalError(_CodedOpError):
    """An invariant of the library is broken."""

    _code = INTERNAL


class UnavailableError(_CodedOpError):
    """The operation may succeed later."""

    _code = UNAVAILABLE


class DataLossError(_CodedOpError):
    """Stored data is damaged."""

    _code = DATA_LOSS


class UnauthenticatedError(_CodedOpError):
    """The caller is not known."""

    _code = UNAUTHENTICATED


class HoldfastError(_DetailedError):
    """The base of holdfast's own errors; each is also the TensorFlow class a program would catch.

    Args:
      message: What happened.
      details: Facts by name.
    """

    def __init__(self, message: str, details: Mapping[str, object] | None = None) -> None:
        _DetailedError.__init__(self, message, self._code, details)


class NoCheckpointError(HoldfastError, NotFoundError, ValueError):
    """There is nothing to restore where something is needed. (TF raises a ValueError for some.)"""


class CheckpointMismatchError(HoldfastError, InvalidArgumentError, NotFoundError):
    """Checkpoint and model differ; the message names every difference."""


class CheckpointCorruptError(HoldfastError, DataLossError):
    """A checkpoint failed its verification."""


class CheckpointVersionError(HoldfastError, UnimplementedError):
    """A checkpoint was written in a newer format."""


class CheckpointSaveError(HoldfastError, UnavailableError):
    """A checkpoint could not be written; the previous ones are whole."""

    @classmethod
    def _from_core(cls, message: str, code: int, details: Mapping[str, str]) -> _DetailedError:
        kind = CheckpointDiskFullError if code == RESOURCE_EXHAUSTED else cls
        return super(CheckpointSaveError, kind)._from_core(message, code, details)


class CheckpointDiskFullError(CheckpointSaveError, ResourceExhaustedError):
    """A checkpoint could not be written because disk space, or memory, is used up."""

    _code = RESOURCE_EXHAUSTED


class ModelDirLockedError(HoldfastError, FailedPreconditionError):
    """Another process writes to the model_dir."""


class UnsafeInputError(HoldfastError, DataLossError):
    """A file exceeds a limit that protects its reader."""


class TrainingInterrupted(HoldfastError, AbortedError, SystemExit):  # noqa: N818 - no mistake
    """Training was stopped by the signal of details["signal"], after saving.

    Also a SystemExit: a program that does not catch it exits with 128 + signal, as shells count.
    """

    @property
    def code(self) -> int:  # type: ignore[override]
        """The exit code: 143 for SIGTERM, 130 for SIGINT; 1 if the signal is not known."""
        name = self.details.get("signal", "")
        return 128 + signal.Signals[name] if name in signal.Signals.__members__ else 1


class NanLossDuringTrainingError(HoldfastError, RuntimeError):
    """The loss became NaN. Source: tf.estimator.NanLossDuringTrainingError (a RuntimeError)."""

    _code = INVALID_ARGUMENT

    def __init__(
        self,
        message: str = "NaN loss during training.",
        details: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message, details)


_BY_CODE: dict[int, type[OpError]] = {
    cls._code: cls
    for cls in (
        CancelledError,
        UnknownError,
        InvalidArgumentError,
        DeadlineExceededError,
        NotFoundError,
        AlreadyExistsError,
        PermissionDeniedError,
        ResourceExhaustedError,
        FailedPreconditionError,
        AbortedError,
        OutOfRangeError,
        UnimplementedError,
        InternalError,
        UnavailableError,
        DataLossError,
        UnauthenticatedError,
    )
}

# The names that holdfast::Error::kind() uses.
_BY_KIND: dict[str, type[HoldfastError]] = {
    cls.__name__: cls for cls in HoldfastError.__subclasses__()
}

_core.set_error_classes(_BY_CODE, _BY_KIND)


def exception_type_from_error_code(error_code: int) -> type[OpError]:
    """Returns the class of a code. Raises: KeyError for a code that is none."""
    return _BY_CODE[error_code]


def error_code_from_exception_type(cls: type[OpError]) -> int:
    """Returns the code of a class; UNKNOWN for OpError itself, as TensorFlow does."""
    return cls._code


# Every code, every class and the two functions between them.
__all__ = sorted(
    name
    for name, value in globals().items()
    if not name.startswith("_")
    and (
        name.isupper()
        or (isinstance(value, type) and issubclass(value, Exception))
        or name in ("error_code_from_exception_type", "exception_type_from_error_code")
    )
)
