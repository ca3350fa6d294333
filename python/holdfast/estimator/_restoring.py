"""Taking a model's state from the checkpoint that a call starts from."""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import re
from collections.abc import Mapping
from typing import Any

from holdfast import _core, errors
from holdfast.estimator._starting_point import DAMAGE, StartingPoint
from holdfast.estimator._warm_start import WarmStarted

_logger = logging.getLogger("holdfast")
_CHECKPOINT_NAME = re.compile(r"model\.ckpt-\d+")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Restored:
    """What a call began with. See Estimator.restore_report for the fields."""

    source: str | None
    step: int = 0
    commit_seq: int = 0
    restored: tuple[str, ...] = ()
    reset: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    input_batches: int = 0
    passed_over: tuple[tuple[str, str], ...] = ()
    warm_start: WarmStarted | None = None

    def report(self) -> dict[str, Any]:
        """Returns the fields as a dict of new lists."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        lists = {k: list(v) for k, v in fields.items() if isinstance(v, tuple)}
        passed = [{"path": path, "reason": reason} for path, reason in self.passed_over]
        warm = None if self.warm_start is None else self.warm_start.report()
        return {**fields, **lists, "passed_over": passed, "warm_start": warm}


def restore(
    trainer: _core.Trainer, start: StartingPoint, *, slots: str, facts: Mapping[str, Any]
) -> Restored:
    """Takes the trainer's state from the checkpoint to start from, or from an older one.

    Args:
      trainer: Keeps its initial values where there is no checkpoint.
      start: Goes on to an older checkpoint when data are damaged, as far as it may.
      slots: "restore": they must fit; "reset": fresh where they do not; "skip".
      facts: What canned models and heads say of themselves, for the report on a mismatch.

    Raises:
      errors.CheckpointMismatchError: the model does not fit.
      errors.CheckpointCorruptError: damage that `start` does not pass over.
    """
    while start.reader is not None:
        try:
            report = trainer.restore(start.reader, slots, json.dumps(dict(facts)))
        except DAMAGE as error:
            start.pass_over(error)
            continue
        info = start.reader.info
        _logger.info("Restoring parameters from %s", info.path)
        _log_reset(report, slots)
        return Restored(
            source=info.path,
            step=info.step,
            commit_seq=info.commit_seq,
            restored=tuple(report.restored),
            reset=tuple(report.reset),
            missing=tuple(report.missing),
            unexpected=tuple(report.unexpected),
            unused=tuple(report.unused),
            passed_over=_passed_over(start),
        )
    return Restored(source=None, passed_over=_passed_over(start))


def _passed_over(start: StartingPoint) -> tuple[tuple[str, str], ...]:
    return tuple((passed.path, passed.reason) for passed in start.passed)


def _log_reset(report: _core.RestoreReport, slots: str) -> None:
    fresh = len(report.missing) + len(report.reset)
    left = len(report.unexpected) + len(report.reset)
    if slots == "reset" and (fresh or left):
        _logger.warning(
            "The optimizer starts afresh, as RunConfig(restore_optimizer='reset') asks: its slots "
            "do not fit those of the checkpoint (%d begin with initial values, %d of the "
            "checkpoint are left aside).",
            fresh,
            left,
        )


def resume_path(model_dir: str, resume_from: str | os.PathLike[str]) -> str:
    """Returns the path of the checkpoint that train(resume_from=...) names.

    Raises:
      TypeError: it is no path.
      ValueError: it is no checkpoint's name, or one of another directory.
      errors.NoCheckpointError: model_dir has no such checkpoint; lists those it has.
    """
    if not isinstance(resume_from, (str, os.PathLike)):
        raise TypeError(
            f"resume_from must be a name such as 'model.ckpt-800', or a path; got {resume_from!r}"
        )
    given = os.fspath(resume_from)
    folder, name = os.path.split(given.rstrip(os.sep))
    if _CHECKPOINT_NAME.fullmatch(name) is None:
        raise ValueError(
            f"resume_from must be a checkpoint's name such as 'model.ckpt-800', or its path; got "
            f"{given!r}"
        )
    if folder and os.path.realpath(folder) != os.path.realpath(model_dir):
        raise ValueError(
            f"resume_from must be a checkpoint of model_dir {model_dir!r}, got {given!r}. To start "
            "from the weights of another training, use warm_start_from."
        )
    path = os.path.join(model_dir, name)
    if not os.path.isdir(path):
        there = ", ".join(os.path.basename(info.path) for info in _core.list_checkpoints(model_dir))
        raise errors.NoCheckpointError(
            f"resume_from: no checkpoint {name} in {model_dir!r}; there are: {there or 'none'}. "
            "Name one of them; keep_checkpoint_max says how many stay.",
            {"path": path},
        )
    return path
