"""The sides that checkpoint.py measures. Each saves one state and can read it back.

A save is timed from the call to its return, into a new file; what it wrote is removed outside the
time. `save` and `restore` return seconds.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from holdfast import _core

try:
    import torch
except ImportError:
    torch = None
try:
    import safetensors.torch as safetensors
except ImportError:
    safetensors = None

State = dict[str, Any]


class Side(Protocol):
    """One way to keep a state."""

    name: str

    def save(self, folder: Path) -> float: ...

    def check(self, folder: Path, state: State) -> None:
        """Reads what `save` wrote. Raises: AssertionError if a byte differs."""


def _assert_equal(found: State, state: State, side: str) -> None:
    for name, array in state.items():
        assert found[name].tobytes() == array.tobytes(), f"{side}: {name} came back different"


def trainer_of(state: State, threads: int) -> _core.Trainer:
    """Returns a trainer that holds the state and a step."""
    graph = _core.Graph()
    for name, array in state.items():
        attributes = {"dtype": array.dtype.name, "shape": array.shape}
        graph.add("variable", [], attributes, name)
    step = {"dtype": "int64", "shape": (), "role": "global_step"}
    graph.add("variable", [], step, "global_step")
    trainer = _core.Trainer(graph, seed=0, threads=threads)
    for name, array in state.items():
        trainer.write_variable(name, array)
    return trainer


class Holdfast:
    """Trainer.save through a CheckpointWriter, as the Estimator saves."""

    def __init__(self, trainer: _core.Trainer, durability: str, threads: int) -> None:
        self.name = f"holdfast, {durability}"
        self._trainer = trainer
        self._durability = durability
        self._threads = threads

    def save(self, folder: Path) -> float:
        writer = _core.CheckpointWriter(str(folder), self._durability, self._threads)
        started = time.perf_counter()
        self._trainer.save(writer)
        seconds = time.perf_counter() - started
        writer.close()
        return seconds

    def check(self, folder: Path, state: State) -> None:
        reader = _core.CheckpointReader.open_latest(str(folder))
        reader.verify()
        _assert_equal(reader.read_all(), state, self.name)


class TorchSave:
    """torch.save of a dict of tensors."""

    name = "torch.save"

    def __init__(self, state: State) -> None:
        self._tensors = {name: torch.from_numpy(array) for name, array in state.items()}

    def save(self, folder: Path) -> float:
        started = time.perf_counter()
        torch.save(self._tensors, folder / "state.pt")
        return time.perf_counter() - started

    def check(self, folder: Path, state: State) -> None:
        found = torch.load(folder / "state.pt", weights_only=True)
        _assert_equal({name: value.numpy() for name, value in found.items()}, state, self.name)


class Safetensors:
    """safetensors.torch.save_file of a dict of tensors."""

    name = "safetensors save_file"

    def __init__(self, state: State) -> None:
        self._tensors = {name: torch.from_numpy(array) for name, array in state.items()}

    def save(self, folder: Path) -> float:
        started = time.perf_counter()
        safetensors.save_file(self._tensors, folder / "state.safetensors")
        return time.perf_counter() - started

    def check(self, folder: Path, state: State) -> None:
        found = safetensors.load_file(folder / "state.safetensors")
        _assert_equal({name: value.numpy() for name, value in found.items()}, state, self.name)


class TensorFlowSaver:
    """tf.compat.v1.train.Saver in an interpreter of its own, which times itself."""

    name = "TensorFlow Saver"

    def __init__(self, state: State, python: str) -> None:
        with tempfile.TemporaryDirectory() as folder:
            for name, array in state.items():
                np.save(Path(folder) / f"{name}.npy", array)
            server = Path(__file__).with_name("tf_saver.py")
            self._process = subprocess.Popen(
                [python, str(server), folder],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            self.version = self._answer()["version"]

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the TensorFlow server ended; run tf_saver.py to see why")
        return json.loads(line)

    def _ask(self, line: str) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._answer()

    def save(self, folder: Path) -> float:
        return float(self._ask(f"save {folder / 'state'}"))

    def check(self, folder: Path, state: State) -> None:
        self._ask(f"restore {folder / 'state'}")
        assert self._ask("check"), f"{self.name}: a variable came back different"

    def close(self) -> None:
        self._process.communicate()


class OneFile:
    """The floor of a durable save: the state's bytes into one file in order, then fsync."""

    name = "one file + fsync"
    _WRITE = 8 << 20

    def __init__(self, state: State) -> None:
        self._views = [memoryview(array).cast("B") for array in state.values()]

    def save(self, folder: Path) -> float:
        started = time.perf_counter()
        file = os.open(folder / "state.bin", os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        for view in self._views:
            at = 0
            while at < len(view):
                at += os.write(file, view[at : at + self._WRITE])
        os.fsync(file)
        os.close(file)
        return time.perf_counter() - started

    def check(self, folder: Path, state: State) -> None:
        found = (folder / "state.bin").read_bytes()
        assert found == b"".join(self._views), f"{self.name}: bytes differ"


def timed_save(side: Side, folder: Path, state: State | None = None) -> float:
    """Returns the seconds of one save into a new folder, removed afterwards; checked if a state."""
    folder.mkdir()
    try:
        seconds = side.save(folder)
        if state is not None:
            side.check(folder, state)
    finally:
        shutil.rmtree(folder)
    return seconds
