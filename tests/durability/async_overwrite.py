"""T13: the state is overwritten while another thread writes the copy that was staged.

A trainer holds random values; what it holds is staged, and at once overwritten by running an
operation that adds to every variable, again and again, while a thread writes the copy. Each
checkpoint must hold, bit for bit, what the trainer held when it was staged, and pass verification.

It can fail: with the copy made by StagedSave::write in place of StagedSave::stage, every save is a
violation, and tests/cpp/io/stage_test.cpp, built with -DHOLDFAST_SANITIZE=thread, reports the race.
"""

from __future__ import annotations

import hashlib
import shutil
import threading
from collections.abc import Mapping
from typing import Any

import numpy as np
from campaign import Campaign, Outcome, Setting

from holdfast import _core

# Elements of the variables: smaller than a cache line, several chunks of a CRC, two shards.
_SIZES = ((3,), (61, 17), (1_500_000,), (300, 2_000))
_LARGE = (20_000_000,)
_LARGE_EVERY = 25  # saves; one of 80 MB has two shards and takes longer to write


def _trainer(sizes: tuple[tuple[int, ...], ...]) -> tuple[_core.Trainer, list[int]]:
    """Returns a trainer of variables and the operations that change them all."""
    graph = _core.Graph()
    changes = []
    for i, shape in enumerate(sizes):
        variable = graph.add("variable", [], {"dtype": "float32", "shape": shape}, f"v{i}")
        changes.append(graph.add("assign_add", [variable, variable]))
    step = {"dtype": "int64", "shape": (), "role": "global_step"}
    graph.add("variable", [], step, "global_step")
    return _core.Trainer(graph, seed=0, threads=1), changes


def _digests(tensors: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: hashlib.blake2b(np.ascontiguousarray(value)).hexdigest()
        for name, value in tensors.items()
    }


class _Save(threading.Thread):
    """Writes what is staged."""

    def __init__(self, folder: str, staged: _core.StagedCheckpoint) -> None:
        super().__init__()
        self._writer = _core.CheckpointWriter(folder, "process")
        self._staged = staged
        self.path: str | None = None
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            self.path = self._writer.save_staged(self._staged)
        except Exception as error:
            self.error = error
        finally:
            self._writer.close()


def _problem(path: str, expected: dict[str, str]) -> str | None:
    reader = _core.CheckpointReader(path)
    try:
        reader.verify()
        found = _digests(reader.read_all())
    except Exception as error:
        return str(error)
    wrong = [name for name, digest in expected.items() if found.get(name) != digest]
    return f"saved bytes of {wrong} are not those at the call" if wrong else None


def _run(setting: Setting) -> Outcome:
    rng = np.random.default_rng(setting.seed)
    staged = _core.StagedCheckpoint()  # one for all saves: its memory is reused
    violations: list[str] = []
    overwritten = 0
    for number in range(setting.size):
        large = number % _LARGE_EVERY == _LARGE_EVERY - 1
        sizes = (*_SIZES, _LARGE) if large else _SIZES
        trainer, changes = _trainer(sizes)
        for i, shape in enumerate(sizes):
            trainer.write_variable(f"v{i}", rng.random(shape, np.float32) + np.float32(1))
        trainer.write_variable("global_step", np.array(number))
        expected = _digests(
            {name: trainer.read_variable(name) for name in trainer.variable_names()}
        )
        folder = str(setting.folder / str(number))
        save = _Save(folder, staged)
        trainer.stage(staged)
        save.start()
        trainer.run(1, changes, [])  # at once: every variable doubles
        while save.is_alive():
            trainer.run(1, changes, [])
            overwritten += 1
        save.join()
        problem = str(save.error) if save.path is None else _problem(save.path, expected)
        if problem:
            violations.append(f"save {number} of seed {setting.seed}: {problem}")
        shutil.rmtree(folder)
    return Outcome(
        cases=setting.size, violations=violations, details={"overwritten_again": overwritten}
    )


CAMPAIGN = Campaign(
    id="T13",
    name="variables overwritten while a staged save is written",
    unit="saves",
    sizes={"change": 30, "nightly": 500, "release": 2_000},
    run=_run,
)
