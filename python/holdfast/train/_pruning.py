"""prune: retention on request, outside a run."""

from __future__ import annotations

import os

from holdfast import _core, errors
from holdfast.train._retaining import Decision, carry_out, decide
from holdfast.train._retention import Retention


def prune(
    model_dir: str | os.PathLike[str],
    *,
    keep_checkpoint_max: int | None,
    keep_checkpoint_every_n_hours: float | None,
    keep_best: tuple[str, int, str] | None = None,
    dry_run: bool = False,
) -> list[tuple[str, str | None]]:
    """Deletes the checkpoints that the rules do not keep.

    Pinned ones and the newest one without NaN or infinite values always stay.

    Args:
      model_dir: Where the checkpoints are.
      keep_checkpoint_max: As of RunConfig; 0 or None: all.
      keep_checkpoint_every_n_hours: As of RunConfig.
      keep_best: As of RunConfig.
      dry_run: Only tell what would be done; takes no lock, so that a run may be going on.
    Returns: (path, why it stays or None where it goes) of every checkpoint, oldest first; reasons
      are joined by ", ".

    Raises:
      errors.NoCheckpointError: there is nothing to prune.
      errors.ModelDirLockedError: something is training there; nothing is changed.
      errors.OpError: a checkpoint could not be deleted; the others are.
    """
    directory = os.fspath(model_dir)
    retention = Retention(
        keep_checkpoint_max=keep_checkpoint_max,
        keep_checkpoint_every_n_hours=keep_checkpoint_every_n_hours,
        keep_best=keep_best,
    )
    decision = decide(directory, retention)
    if not decision.found:
        raise errors.NoCheckpointError(
            f"There is no checkpoint to prune in {directory!r}; expected a model_dir with at least "
            "one.",
            {"path": directory},
        )
    if dry_run:
        return _answer(decision)
    writer = _core.CheckpointWriter(directory)
    try:
        decision = decide(directory, retention)  # nothing changes any more: the lock is ours
        failures = carry_out(writer, decision)
    finally:
        writer.close()
    if failures:
        raise failures[0]
    return _answer(decision)


def _answer(decision: Decision) -> list[tuple[str, str | None]]:
    reasons = decision.kept.reasons
    return [
        (info.path, ", ".join(reasons[info.path]) if info.path in reasons else None)
        for info in decision.found
    ]
