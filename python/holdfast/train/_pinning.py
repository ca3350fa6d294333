"""Pinning: checkpoints that retention never deletes."""

from __future__ import annotations

import os

from holdfast import _core


def pin_checkpoint(path: str | os.PathLike[str]) -> None:
    """Keeps a checkpoint until it is unpinned, whatever RunConfig says of keeping.

    Works while a run is writing to the same model_dir, and survives a power cut once it returns. A
    run that saves the same step again still replaces the checkpoint.

    Args:
      path: The checkpoint, such as "model_dir/model.ckpt-200".

    Raises:
      errors.NoCheckpointError: there is none, or it was deleted meanwhile.
      errors.InvalidArgumentError: the path is not named like a checkpoint.
    """
    _core.pin_checkpoint(os.fspath(path))


def unpin_checkpoint(path: str | os.PathLike[str]) -> None:
    """Gives a checkpoint back to retention; nothing happens if it is not pinned.

    Args:
      path: The checkpoint; it need not be there any more.

    Raises:
      errors.NoCheckpointError: its directory does not exist.
      errors.InvalidArgumentError: the path is not named like a checkpoint.
    """
    _core.unpin_checkpoint(os.fspath(path))
