"""Retention at work: what a model_dir holds is told to Retention, and what it answers is done."""

from __future__ import annotations

import dataclasses
import logging
import os
from collections.abc import Mapping, Sequence

from holdfast import _core, errors
from holdfast.train import _bookkeeping, _evaluations
from holdfast.train._retention import Kept, KeptCheckpoint, Retention

_logger = logging.getLogger("holdfast")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Decision:
    """What is to become of a model_dir: the checkpoints found, oldest first, and which stay."""

    found: Sequence[_core.CheckpointInfo]
    kept: Kept
    bookkeeping: str  # of what stays

    @property
    def going(self) -> list[str]:
        """Paths of the checkpoints that are to be deleted."""
        return [info.path for info in self.found if info.path not in self.kept.reasons]


def decide(model_dir: str, retention: Retention, *, started_from: str | None = None) -> Decision:
    """Returns which checkpoints stay, and changes nothing.

    Raises: errors.OpError if the directory cannot be read; then nothing may be deleted.
    """
    found = _core.list_checkpoints(model_dir)
    pinned = set(_core.pinned_checkpoints(model_dir))
    memory = _remembered(model_dir, len(found))
    values = _values(model_dir, retention, found, memory)
    kept = retention.keep(
        [
            KeptCheckpoint(
                path=info.path,
                commit_seq=info.commit_seq,
                created_unix_ms=info.created_unix_ms,
                nonfinite=info.nonfinite,
                preserved=os.path.basename(info.path) in memory.preserved,
                pinned=os.path.basename(info.path) in pinned,
                value=values.get(info.path),
            )
            for info in found
        ],
        started_from=started_from,
        last_preserved_unix_ms=memory.last_preserved_unix_ms,
    )
    staying = [info for info in found if info.path in kept.reasons]
    best = _bookkeeping.best_entries(retention, staying, kept.reasons, values)
    text = _bookkeeping.encode(staying, kept.reasons, kept.last_preserved_unix_ms, best)
    return Decision(found=found, kept=kept, bookkeeping=text)


def carry_out(writer: _core.CheckpointWriter, decision: Decision) -> list[errors.OpError]:
    """Writes checkpoint.json and deletes what goes; returns what could not be deleted, and why."""
    try:
        writer.write_bookkeeping(decision.bookkeeping)
    except errors.OpError as error:
        _logger.warning("Could not write checkpoint.json, which is only advice: %s", error)
    failures = []
    for path in decision.going:
        try:
            writer.remove(path)
        except errors.OpError as error:
            failures.append(error)
            _logger.warning("Could not delete %s, trying again at the next save: %s", path, error)
    log_warnings(writer)
    return failures


def retain(
    writer: _core.CheckpointWriter,
    model_dir: str,
    retention: Retention,
    *,
    started_from: str | None = None,
) -> None:
    """Decides and carries out. Nothing that goes wrong harms the save before it: it is logged."""
    try:
        carry_out(writer, decide(model_dir, retention, started_from=started_from))
    except errors.OpError as error:
        _logger.warning(
            "Could not tell which checkpoints of %s to delete, so none is; trying again at the "
            "next save: %s",
            model_dir,
            error,
        )
        log_warnings(writer)


def log_warnings(writer: _core.CheckpointWriter) -> None:
    """Logs what the writer has met without harm."""
    for warning in writer.take_warnings():
        _logger.warning(warning)


def _values(
    model_dir: str,
    retention: Retention,
    found: Sequence[_core.CheckpointInfo],
    memory: _bookkeeping.Bookkeeping,
) -> Mapping[str, float]:
    # By path. The evaluations decide; what checkpoint.json remembers stands in for lost ones.
    if retention.keep_best is None:
        return {}
    metric = retention.keep_best[0]
    evaluated = _evaluations.values(model_dir, metric)
    values = {}
    for info in found:
        name = os.path.basename(info.path)
        value = evaluated.get(
            _evaluations.key_of(info), memory.best.get((name, info.commit_seq, metric))
        )
        if value is not None:
            values[info.path] = value
    return values


def _remembered(model_dir: str, checkpoints: int) -> _bookkeeping.Bookkeeping:
    problem = "there is none"
    try:
        text = _core.read_bookkeeping(model_dir)
        if text is not None:
            return _bookkeeping.parse(text)
    except errors.OpError as error:
        problem = str(error)
    if checkpoints > 1:  # else the first save of all: the file is about to be written
        _logger.warning(
            "checkpoint.json in %s is rebuilt from the checkpoints; which of them were kept "
            "for keep_checkpoint_every_n_hours is lost: %s",
            model_dir,
            problem,
        )
    return _bookkeeping.Bookkeeping()
