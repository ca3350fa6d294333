"""Which checkpoint a call starts from, and which damaged ones it passes over.

A damaged checkpoint is never passed over in silence, and where every one is damaged nothing starts
from initial values unless it is asked to.
"""

from __future__ import annotations

import dataclasses
import logging
import os
from typing import NoReturn

from holdfast import _core, errors

_logger = logging.getLogger("holdfast")

# What verification finds. A checkpoint of a newer version, or one that may not be read, is whole.
Damage = errors.CheckpointCorruptError | errors.UnsafeInputError
DAMAGE = (errors.CheckpointCorruptError, errors.UnsafeInputError)
_VANISHING_ATTEMPTS = 10  # retention of another process may be faster, as in C++


@dataclasses.dataclass(frozen=True, kw_only=True)
class PassedOver:
    """A checkpoint that could not be used.

    Attributes:
      path: Of its directory.
      reason: What is wrong with it.
      unfinished: It has no COMMIT, or one cut short: no damage, it was never whole.
    """

    path: str
    reason: str
    unfinished: bool = False


class _VanishedError(Exception):
    """A checkpoint went away between being found and being opened."""


class StartingPoint:
    """The newest checkpoint of a directory that can be used, or one given by its path.

    Args:
      model_dir: Where to look.
      on_corrupt: "error": damage raises; "previous": the next older one is taken, with a warning.
      allow_fresh_start: Whether none at all is taken when there are some and all are damaged.
      named: The path of the only one to consider; its damage always raises.

    Attributes:
      reader: The one to start from; None: from initial values.
      passed: What was passed over, newest first.

    Raises:
      errors.CheckpointCorruptError: damage that may not be passed over; lists what else there is.
      errors.CheckpointVersionError: it was written by a newer version.
      errors.NoCheckpointError: there is none at `named`.
    """

    def __init__(
        self,
        model_dir: str,
        *,
        on_corrupt: str,
        allow_fresh_start: bool = False,
        named: str | None = None,
    ) -> None:
        self._model_dir = model_dir
        self._on_corrupt = on_corrupt
        self._allow_fresh_start = allow_fresh_start
        self._named = named
        self.passed: list[PassedOver] = []
        self.reader = self._open()

    @property
    def path(self) -> str | None:
        """Of the checkpoint to start from."""
        return None if self.reader is None else self.reader.info.path

    @property
    def starts_over(self) -> bool:
        """Whether there are checkpoints and training begins anew all the same."""
        return self.reader is None and bool(self.passed)

    def pass_over(self, error: Damage) -> None:
        """Goes to the next older checkpoint, as the data of this one are damaged.

        Args:
          error: What reading them raised. It is raised again where nothing may be passed over.
        """
        assert self.reader is not None
        self._pass(self.reader.info.path, error)
        self.reader = self._open()

    def has_reached(self, step: int) -> bool:
        """Returns whether a whole checkpoint of this step or a later one is there.

        Every byte is read: a call that returns for it must not return for a damaged one.
        """
        while self.reader is not None and self.reader.info.step >= step:
            try:
                self.reader.verify()
            except DAMAGE as error:
                self.pass_over(error)
            else:
                return True
        return False

    def set_aside(self) -> tuple[str, ...]:
        """Returns the damaged checkpoints that training continues without."""
        if self.starts_over:
            return ()
        return tuple(passed.path for passed in self.passed if not passed.unfinished)

    def rejected(self) -> tuple[str, ...]:
        """Returns the checkpoints that training begins anew beside."""
        return tuple(passed.path for passed in self.passed) if self.starts_over else ()

    def _open(self) -> _core.CheckpointReader | None:
        if self._named is not None:
            try:
                return _core.CheckpointReader(self._named)
            except DAMAGE as error:
                self._raise(self._named, error)
        for _ in range(_VANISHING_ATTEMPTS):
            try:
                return self._newest()
            except _VanishedError:
                continue
        raise errors.NoCheckpointError(
            f"{self._model_dir}: expected a checkpoint that stays while it is opened, and "
            f"{_VANISHING_ATTEMPTS} of them were deleted meanwhile. Keep more of them "
            "(RunConfig.keep_checkpoint_max) or save less often.",
            {"path": self._model_dir},
        )

    def _newest(self) -> _core.CheckpointReader | None:
        known = {passed.path for passed in self.passed}
        for candidate in _candidates(self._model_dir):
            if candidate.path in known:
                continue
            if candidate.unfinished:
                self._note(candidate)
                continue
            try:
                return _core.CheckpointReader(candidate.path)
            except errors.NoCheckpointError as error:
                raise _VanishedError from error
            except DAMAGE as error:
                self._pass(candidate.path, error)
        if not self.passed:
            return None
        if not self._allow_fresh_start:
            raise _none_usable(self._model_dir, self.passed)
        _logger.warning(
            "None of the %d checkpoints in %s can be used. Training begins at step 0, as "
            "RunConfig(allow_fresh_start=True) allows; they are kept under names .rejected-*.",
            len(self.passed),
            self._model_dir,
        )
        return None

    def _pass(self, path: str, error: Damage) -> None:
        if self._named is not None:
            self._raise(path, error)
        if self._on_corrupt == "error":
            begins_anew = self._allow_fresh_start and not _usable(self._model_dir, path)
            if not begins_anew:
                self._raise(path, error)
        self._note(PassedOver(path=path, reason=str(error)))

    def _note(self, passed: PassedOver) -> None:
        self.passed.append(passed)
        _logger.warning(
            "Checkpoint %s %s and is passed over for an older one: %s",
            passed.path,
            "was never finished" if passed.unfinished else "is DAMAGED",
            passed.reason,
        )

    def _raise(self, path: str, error: Damage) -> NoReturn:
        inside = _list(path)
        if inside:
            raise errors.FailedPreconditionError(
                None,
                None,
                f"{path}: expected a checkpoint, got a model_dir with checkpoints. Name one of "
                f"them, such as {inside[-1].path}.",
                {"path": path, "found": "model_dir"},
            ) from None
        model_dir = os.path.dirname(path) or "."
        others = _usable(model_dir, path)
        if others:
            names = ", ".join(os.path.basename(info.path) for info in others)
            advice = (
                f"Other usable checkpoints of {model_dir}, newest first: {names}. Name one of them "
                "(checkpoint_path=, or resume_from= of train), or let "
                'RunConfig(on_corrupt="previous") take the newest.'
            )
        else:
            advice = (
                f"No other checkpoint of {model_dir} can be used. Restore one from a backup, or "
                "train in another model_dir."
            )
        raise type(error)(f"{error.message}\n{advice}", error.details) from error


def _candidates(model_dir: str) -> list[PassedOver]:
    """Returns everything that looks like a checkpoint, newest first.

    A COMMIT that cannot be read hides its number. Such a checkpoint counts as newer than those of
    lower steps: asked about once too often is better than passed over in silence.
    """
    whole = _list(model_dir)
    problems = _core.checkpoint_problems(model_dir)
    numbered = [
        (info.commit_seq, info.step, PassedOver(path=info.path, reason="")) for info in whole
    ]
    numbered += [(p.commit_seq, p.step, _as_passed(p)) for p in problems if p.commit_seq > 0]
    ordered = sorted(numbered, key=lambda item: item[0], reverse=True)
    for problem in sorted((p for p in problems if p.commit_seq == 0), key=lambda p: p.step):
        place = next((i for i, item in enumerate(ordered) if item[1] < problem.step), len(ordered))
        ordered.insert(place, (0, problem.step, _as_passed(problem)))
    return [item[2] for item in ordered]


def _as_passed(problem: _core.CheckpointProblem) -> PassedOver:
    return PassedOver(path=problem.path, reason=problem.reason, unfinished=problem.unfinished)


def _list(model_dir: str) -> list[_core.CheckpointInfo]:
    try:
        return _core.list_checkpoints(model_dir)
    except errors.CheckpointCorruptError:
        return []  # every one is a problem


def _usable(model_dir: str, beside: str) -> list[_core.CheckpointInfo]:
    """Returns the other checkpoints of which every byte is good, newest first."""
    good = []
    for info in reversed(_list(model_dir)):
        if os.path.basename(info.path) == os.path.basename(beside):
            continue
        try:
            _core.CheckpointReader(info.path).verify()
        except errors.OpError:
            continue
        good.append(info)
    return good


def _none_usable(model_dir: str, passed: list[PassedOver]) -> errors.CheckpointCorruptError:
    lines = "".join(f"\n  {item.path}: {item.reason}" for item in passed)
    return errors.CheckpointCorruptError(
        f"{model_dir}: expected a usable checkpoint, got {len(passed)} that cannot be used:{lines}"
        "\nRestore one from a backup, train in another model_dir, or let "
        "RunConfig(allow_fresh_start=True) begin at step 0, which keeps these under names "
        ".rejected-*.",
        {"path": model_dir, "found": len(passed)},
    )
