"""Trains on disks that are too small, one size after the other: the child process of full_disk.py.

Arguments: the folder to mount on, the kind of limit (tmpfs or fsize), the width of the model. It
prints one line of JSON: {"cases", "violations", "details"}.
"""

from __future__ import annotations

import collections
import json
import logging
import re
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Protocol

import numpy as np

import holdfast as tf
from holdfast import _core, errors

_PAGE = 4096
_STEPS = 3
_ROOM = 64 << 20
_SAYS = re.compile(r"needs (\d+) bytes, (\d+) are free.*keep_checkpoint_max", re.DOTALL)


class Disk(Protocol):
    """A directory with a limited amount of room."""

    folder: Path

    def limit(self, size: int) -> None:
        """An empty directory with so many bytes of room."""

    def grow(self) -> None:
        """Room enough from here on."""

    def leave(self) -> None:
        """Undoes all of it."""


class Tmpfs:
    """A file system of its own in memory: fallocate, write and mkdir find it full."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def limit(self, size: int) -> None:
        # tmpfs takes no size of 0: there is always one page, and where nothing fits it is taken.
        self._mount(f"size={max(size, _PAGE)}")
        if size == 0:
            (self.folder / "ballast").write_bytes(bytes(_PAGE))

    def grow(self) -> None:
        self._mount(f"remount,size={_ROOM}")

    def leave(self) -> None:
        subprocess.run(["umount", str(self.folder)], check=True)

    def _mount(self, options: str) -> None:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.folder)]
        subprocess.run(command, check=True)


class FileSizes:
    """A limit for each file, where nothing can be mounted: a short write, then EFBIG."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    def limit(self, size: int) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def grow(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def leave(self) -> None:
        self.grow()
        shutil.rmtree(self.folder)
        self.folder.mkdir()


class _Saved(tf.train.CheckpointSaverListener):
    """Remembers the step of each save that was reported as done."""

    def __init__(self) -> None:
        self.steps: list[int] = []

    def after_save(self, session: Any, global_step_value: int) -> None:
        self.steps.append(global_step_value)


class _Errors(logging.Handler):
    """Remembers the errors that training goes on after."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


def _estimator(model_dir: Path, width: int) -> Any:
    config = tf.estimator.RunConfig(
        model_dir=str(model_dir),
        tf_random_seed=1,
        save_checkpoints_steps=1,
        keep_checkpoint_max=None,
        save_retries=0,
        durability="process",
    )
    column = tf.feature_column.numeric_column("x", shape=(4,))
    return tf.estimator.DNNClassifier(
        hidden_units=[width], feature_columns=[column], n_classes=3, config=config
    )


def _input_fn() -> Any:
    random = np.random.default_rng(1)
    x = random.normal(size=(30, 4)).astype(np.float32)
    labels = random.integers(0, 3, 30)
    return tf.data.Dataset.from_tensor_slices(({"x": x}, labels)).repeat().batch(10)


class Size:
    """One size of the disk: training there, what is left, and training once there is room."""

    def __init__(self, disk: Disk, size: int, width: int) -> None:
        self._disk = disk
        self._size = size
        self._model_dir = disk.folder / "model"
        self._width = width
        self.violations: list[str] = []
        self.outcome = ""

    def run(self) -> None:
        """Fills violations and outcome."""
        self._disk.limit(self._size)
        try:
            self._fill()
            self._disk.grow()
            self._go_on()
        finally:
            self._disk.leave()

    def _fill(self) -> None:
        saved, log = _Saved(), _Errors()
        logger = logging.getLogger("holdfast")
        logger.addHandler(log)
        raised = ""
        try:
            _estimator(self._model_dir, self._width).train(
                _input_fn, steps=_STEPS, saving_listeners=[saved]
            )
        except errors.CheckpointSaveError as error:
            raised = str(error)
            self._check_text(raised)
            if not isinstance(error, errors.ResourceExhaustedError):
                self._broken(f"{type(error).__name__} is no ResourceExhaustedError: {error}")
        except errors.ResourceExhaustedError as error:  # before the first save
            raised = str(error)
        except Exception as error:
            raised = str(error)
            self._broken(f"training raised {type(error).__name__}: {error}")
        finally:
            logger.removeHandler(log)
        for text in log.texts:
            self._check_text(text)
        self.outcome = f"{len(saved.steps)} saved, {'raised' if raised else 'finished'}"
        self._check_left(saved.steps)

    def _check_text(self, text: str) -> None:
        said = _SAYS.search(text)
        if said is None:
            self._broken(f"expected bytes needed, bytes free and keep_checkpoint_max, got: {text}")
        elif int(said[1]) <= 0 or int(said[2]) > max(self._size, _PAGE):
            self._broken(f"wrong figures for {self._size} bytes: {text}")

    def _check_left(self, steps: list[int]) -> None:
        if not self._model_dir.exists():
            if steps:
                self._broken("model_dir is gone")
            return
        found = _core.list_checkpoints(str(self._model_dir))
        if {info.step for info in found} < set(steps):
            self._broken(f"saved {steps}, found {[info.step for info in found]}")
        for info in found:
            self._verify(info.path)
        if steps and tf.train.latest_checkpoint(str(self._model_dir)) != found[-1].path:
            self._broken("the latest is another one than the newest")
        left = [path.name for path in self._model_dir.glob(".tmp-*")]
        if left:
            self._broken(f"left behind: {left}")

    def _verify(self, path: str) -> None:
        try:
            reader = _core.CheckpointReader(path)
            reader.verify()
            reader.read_all()
        except errors.HoldfastError as error:
            self._broken(f"{path} does not load: {error}")

    def _go_on(self) -> None:
        try:
            _estimator(self._model_dir, self._width).train(_input_fn, max_steps=_STEPS + 1)
        except Exception as error:
            self._broken(f"with room again, training raised {type(error).__name__}: {error}")
            return
        found = _core.list_checkpoints(str(self._model_dir))
        if not found or found[-1].step != _STEPS + 1:
            self._broken("no checkpoint of the last step after there was room again")
        self._check_left([_STEPS + 1])

    def _broken(self, text: str) -> None:
        self.violations.append(f"{self._size} bytes: {text}")


def _bytes_of_checkpoint(disk: Disk, width: int) -> int:
    """Whole pages of one checkpoint's files, and of nothing else."""
    disk.limit(_ROOM)
    try:
        _estimator(disk.folder / "model", width).train(_input_fn, steps=1)
        path = _core.list_checkpoints(str(disk.folder / "model"))[-1].path
        return sum(-(-f.stat().st_size // _PAGE) * _PAGE for f in Path(path).iterdir())
    finally:
        disk.leave()


def main() -> None:
    """Tries every size of whole pages from nothing to three checkpoints."""
    folder, kind, width = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    logging.getLogger("holdfast").propagate = False
    disk: Disk = Tmpfs(folder) if kind == "tmpfs" else FileSizes(folder)
    checkpoint = _bytes_of_checkpoint(disk, width)
    violations: list[str] = []
    outcomes: collections.Counter[str] = collections.Counter()
    sizes = range(0, 3 * checkpoint + _PAGE, _PAGE)
    for size in sizes:
        one = Size(disk, size, width)
        one.run()
        violations += one.violations
        outcomes[one.outcome] += 1
    details = {"limit": kind, "checkpoint_bytes": checkpoint, "outcomes": dict(outcomes)}
    line = {"cases": len(sizes), "violations": violations, "details": details}
    print(json.dumps(line))


if __name__ == "__main__":
    main()
