"""Finding, listing and reading checkpoints, and writing one from arrays."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from holdfast import _core, dtypes, errors

PathLike = str | os.PathLike[str]
Array = npt.NDArray[Any]

_COMMIT = "COMMIT"  # the file that makes a directory a checkpoint
_POLL_SECS = 1.0  # between two looks for a new checkpoint, as in TF


@dataclasses.dataclass(frozen=True, kw_only=True)
class CheckpointState:
    """The checkpoints of a directory, oldest first. Source: TF's CheckpointState message."""

    model_checkpoint_path: str
    all_model_checkpoint_paths: list[str]
    all_model_checkpoint_timestamps: list[float]


def latest_checkpoint(checkpoint_dir: PathLike, latest_filename: str | None = None) -> str | None:
    """Returns the path of the newest checkpoint, or None.

    The directory decides: the committed checkpoint with the highest commit number. There is no
    state file that could be wrong.

    Args:
      checkpoint_dir: The model_dir.
      latest_filename: Ignored; TF's name of the state file.

    Raises:
      errors.CheckpointCorruptError: there are checkpoints, and none of them is whole.
    """
    return _core.latest_checkpoint(os.fspath(checkpoint_dir))


def get_checkpoint_state(
    checkpoint_dir: PathLike, latest_filename: str | None = None
) -> CheckpointState | None:
    """Returns every checkpoint of a directory, or None if it has none.

    Args:
      checkpoint_dir: The model_dir.
      latest_filename: Ignored; TF's name of the state file.
    """
    found = _core.list_checkpoints(os.fspath(checkpoint_dir))
    if not found:
        return None
    return CheckpointState(
        model_checkpoint_path=found[-1].path,
        all_model_checkpoint_paths=[info.path for info in found],
        all_model_checkpoint_timestamps=[info.created_unix_ms / 1000 for info in found],
    )


def is_checkpoint(path: PathLike) -> bool:
    """Returns whether a path names one checkpoint, whole or damaged, and not a model_dir."""
    return os.path.lexists(os.path.join(os.fspath(path), _COMMIT))


def open_checkpoint(ckpt_dir_or_file: PathLike) -> _core.CheckpointReader:
    """Opens a checkpoint, or the newest of a directory, however fast retention is beside it.

    Raises: as load_checkpoint.
    """
    path = os.fspath(ckpt_dir_or_file)
    if is_checkpoint(path):
        return _core.CheckpointReader(path)
    try:
        return _core.CheckpointReader.open_latest(path)
    except errors.NoCheckpointError as error:
        if "vanished" in error.details:
            raise
        raise no_checkpoint_error(path) from None


def no_checkpoint_error(path: PathLike) -> errors.NoCheckpointError:
    """Returns the error of a path that is no checkpoint and holds none."""
    path = os.fspath(path)
    what = "holds no checkpoint" if os.path.isdir(path) else "is no directory"
    return errors.NoCheckpointError(
        f"No checkpoint at {path!r}: it {what}. Expected a checkpoint such as "
        f"{os.path.join('model_dir', 'model.ckpt-200')!r}, or a model_dir with at least one.",
        {"path": path},
    )


class CheckpointReader:
    """One checkpoint, its tensors by name.

    Every byte is verified when it is read. The files stay open: what happens to them meanwhile
    does not matter.

    Args:
      path: A checkpoint, or a model_dir for its newest.
    Source: tf.train.load_checkpoint's reader.
    """

    def __init__(self, path: PathLike) -> None:
        self._reader = open_checkpoint(path)
        self._tensors = {tensor.name: tensor for tensor in self._reader.tensors}

    @property
    def path(self) -> str:
        """The checkpoint's directory."""
        return self._reader.info.path

    def has_tensor(self, name: str) -> bool:
        """Returns whether the checkpoint holds a tensor of that name (":0" is dropped)."""
        return _plain(name) in self._tensors

    def get_tensor(self, name: str) -> Any:
        """Returns a tensor: a new array, or a NumPy scalar where it has no dimension.

        Raises:
          errors.NotFoundError: no such tensor; names the closest.
          errors.CheckpointCorruptError: the stored bytes are damaged.
        """
        return self._reader.read(_plain(name))[()]

    def get_variable_to_shape_map(self) -> dict[str, list[int]]:
        """Returns the shape of each tensor."""
        return {name: list(tensor.shape) for name, tensor in self._tensors.items()}

    def get_variable_to_dtype_map(self) -> dict[str, dtypes.DType]:
        """Returns the dtype of each tensor."""
        return {name: dtypes.as_dtype(tensor.dtype) for name, tensor in self._tensors.items()}

    def debug_string(self) -> bytes:
        """Returns one line for each tensor: name, dtype, shape."""
        lines = (f"{t.name} ({t.dtype}) {list(t.shape)}" for t in self._tensors.values())
        return "\n".join(lines).encode()


def load_checkpoint(ckpt_dir_or_file: PathLike) -> CheckpointReader:
    """Opens a checkpoint, or the newest one of a directory.

    Raises:
      errors.NoCheckpointError: there is none.
      errors.CheckpointCorruptError: it is damaged.
    """
    return CheckpointReader(ckpt_dir_or_file)


def list_variables(ckpt_dir_or_file: PathLike) -> list[tuple[str, list[int]]]:
    """Returns (name, shape) of each tensor, sorted by name. Raises: as load_checkpoint."""
    return sorted(load_checkpoint(ckpt_dir_or_file).get_variable_to_shape_map().items())


def load_variable(ckpt_dir_or_file: PathLike, name: str) -> Any:
    """Returns one tensor of a checkpoint; ":0" at the end of the name is dropped.

    Raises:
      errors.NotFoundError: no such tensor, or no checkpoint.
      errors.CheckpointCorruptError: the stored bytes are damaged.
    """
    return load_checkpoint(ckpt_dir_or_file).get_tensor(name)


def checkpoints_iterator(
    checkpoint_dir: PathLike,
    min_interval_secs: float = 0,
    timeout: float | None = None,
    timeout_fn: Callable[[], bool] | None = None,
) -> Iterator[str]:
    """Yields the path of each new checkpoint as it appears.

    Args:
      checkpoint_dir: The model_dir.
      min_interval_secs: Seconds at least between two of them.
      timeout: Seconds to wait for a new one; None: for ever.
      timeout_fn: Asked on a timeout: True ends the iteration, False goes on waiting.
    """
    seen: str | None = None
    while True:
        new = _wait_for_new(checkpoint_dir, seen, timeout)
        if new is None:
            if timeout_fn is None or timeout_fn():
                return
            continue
        began = time.monotonic()
        seen = new
        yield new
        time.sleep(max(0.0, began + min_interval_secs - time.monotonic()))


def _wait_for_new(directory: PathLike, seen: str | None, timeout: float | None) -> str | None:
    until = None if timeout is None else time.monotonic() + timeout
    while True:
        latest = latest_checkpoint(directory)
        if latest is not None and latest != seen:
            return latest
        if until is not None and time.monotonic() + _POLL_SECS > until:
            return None
        time.sleep(_POLL_SECS)


def write_checkpoint(
    model_dir: PathLike, tensors: Mapping[str, Array | np.generic | float], global_step: int
) -> str:
    """Writes a checkpoint from arrays, which an Estimator on this model_dir continues from.

    Args:
      model_dir: Created if missing.
      tensors: Values by checkpoint name: variables (`dnn/hiddenlayer_0/kernel`) and, if known,
        the optimizer's slots (`dnn/hiddenlayer_0/kernel/t_0/Adagrad`). A `global_step` among
        them must be the argument's.
      global_step: The number of steps the values stand for.
    Returns: the checkpoint's path.

    Raises:
      ValueError: global_step is negative, or not the one among the tensors.
      errors.ModelDirLockedError: something is training there; nothing is changed.
      errors.CheckpointSaveError: nothing was written.
    """
    step = int(global_step)
    if step < 0:
        raise ValueError(f"write_checkpoint: global_step must be at least 0, got {step}")
    values = {_plain(name): np.asarray(value) for name, value in tensors.items()}
    stored = values.pop("global_step", None)
    if stored is not None and int(stored) != step:
        raise ValueError(
            f"write_checkpoint: global_step is {step}, the tensor of that name is {int(stored)}; "
            "make them equal or leave the tensor out"
        )
    return _core.CheckpointWriter(os.fspath(model_dir)).save(values, step)


def _plain(name: str) -> str:
    return name.removesuffix(":0")
