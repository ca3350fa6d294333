"""T2: kill -9 at random moments of real training, again and again in the same model_dir.

A child trains and tells "saved N" once a checkpoint is on disk. After its kill a fresh process
looks at what is left (I1 to I3), and the next child trains on from it and says which leftovers are
still there (I4). After some kills the training is brought to its end and compared with one that
was never disturbed (I5). Violations are found in this when a save is told of before it is written,
or written from other values: tests/python/test_random_kills.py seeds both.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import forked
import small_training
from campaign import Campaign, Outcome, Setting

import holdfast as tf
from holdfast import _core

STEPS_PER_SAVE = 200  # a few milliseconds
SAVES = 200
LAST = SAVES * STEPS_PER_SAVE
KILLS_PER_DIRECTORY = 25
KEPT = 5
# One directory in so many is synced ("full"), on the disk; the others are in memory if possible.
_SYNCED_EVERY = 5
_PATIENCE = 120.0  # seconds for what takes milliseconds: the machine may be busy
_LEFTOVERS = (".tmp-", ".trash-", ".old-")

Spoil = Callable[[], None]


class _Tells(tf.estimator.CheckpointSaverListener):
    """Tells the supervisor of every save, when it begins and when it is on disk.

    Args:
      tell: To the supervisor.
      aim: (save, seconds): this process dies so many seconds after that save of it has begun.
    """

    def __init__(self, tell: forked.Tell, aim: tuple[int, float] | None) -> None:
        self._tell, self._aim = tell, aim
        self._saves = 0
        self._began = 0.0

    def before_save(self, session: Any, global_step_value: int) -> None:
        self._tell(f"saving {global_step_value}")
        self._saves += 1
        self._began = time.monotonic()
        if self._aim is not None and self._saves == self._aim[0]:
            # A supervisor would be too late. A fatal signal of the kernel's timer is a kill -9: no
            # instruction of the process runs any more.
            signal.setitimer(signal.ITIMER_REAL, max(1e-6, self._aim[1]))

    def after_save(self, session: Any, global_step_value: int) -> None:
        took = time.monotonic() - self._began
        self._tell(f"saved {global_step_value}")
        self._tell(f"took {global_step_value} {int(1e6 * took)}")


class _Leftovers(tf.train.SessionRunHook):
    """Tells which leftovers of the killed writer the new one has not removed before it trains."""

    def __init__(self, tell: forked.Tell, names: list[str], model_dir: Path) -> None:
        self._tell, self._names, self._dir = tell, names, model_dir

    def after_create_session(self, session: Any, coord: None) -> None:
        left = [name for name in self._names if (self._dir / name).exists()]
        self._tell(f"left {json.dumps(left)}")


@dataclasses.dataclass
class Seen:
    """Figures of a run."""

    kills: int = 0
    kills_in_a_save: int = 0
    kills_with_leftovers: int = 0
    kills_before_training: int = 0
    saves: int = 0
    ends: int = 0
    longest_restart: float = 0.0  # seconds from the start of a process to its first save
    violations: list[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Directory:
    """A model_dir that training is killed in.

    Attributes:
      path: Where.
      name: For violations.
      config: Of the RunConfig.
      told: Steps that a child has told to be saved.
      leftovers: Names that the last kill has left behind.
      save_secs: How long a save takes, as far as is known.
    """

    path: Path
    name: str
    config: dict[str, Any]
    told: list[int] = dataclasses.field(default_factory=list)
    leftovers: list[str] = dataclasses.field(default_factory=list)
    save_secs: float = 0.002

    def train(self, tell: forked.Tell, aim: tuple[int, float] | None = None) -> None:
        """Trains to the end, or until it dies as `aim` says; in a child."""
        estimator = small_training.estimator(
            self.path,
            save_checkpoints_steps=STEPS_PER_SAVE,
            keep_checkpoint_max=KEPT,
            **self.config,
        )
        estimator.train(
            small_training.shuffled,
            hooks=[_Leftovers(tell, self.leftovers, self.path)],
            max_steps=LAST,
            saving_listeners=[_Tells(tell, aim)],
        )


def configurations() -> list[dict[str, Any]]:
    """Returns how directories are written, in turn."""
    return [
        {
            "durability": "full" if turn % _SYNCED_EVERY == 2 else "process",
            "async_save": turn % 2 == 1,
        }
        for turn in range(2 * _SYNCED_EVERY)
    ]


def reference(folder: Path) -> dict[int, str]:
    """Returns the digest of every checkpoint of a training that nobody disturbs."""
    path = folder / "reference"

    class Digests(tf.estimator.CheckpointSaverListener):
        def __init__(self, tell: forked.Tell) -> None:
            self._tell = tell

        def after_save(self, session: Any, global_step_value: int) -> None:
            digest = small_training.digest(str(path / f"model.ckpt-{global_step_value}"))
            self._tell(f"{global_step_value} {digest}")

    def train(tell: forked.Tell) -> None:
        small_training.estimator(
            path, save_checkpoints_steps=STEPS_PER_SAVE, durability="process"
        ).train(small_training.shuffled, max_steps=LAST, saving_listeners=[Digests(tell)])

    child = forked.fork(train)
    if child.end(_PATIENCE) != 0:
        raise RuntimeError(f"the reference run failed: {child.lines[-2:]}")
    return {int(step): digest for step, digest in (line.split() for line in child.lines)}


def look(directory: Path, told: list[int], expected: dict[int, str]) -> list[str]:
    """Returns what is wrong with a directory whose writer was killed."""
    problems = [f"{each.path}: {each.reason}" for each in _core.checkpoint_problems(str(directory))]
    found = {info.step: info.path for info in _core.list_checkpoints(str(directory))}
    latest = _core.latest_checkpoint(str(directory))
    step = -1 if latest is None else small_training.step_of(latest)
    if told and step < max(told):
        problems.append(f"the latest checkpoint is of step {step}; {max(told)} was told to be safe")
    # One more than was told may be on disk, and have made retention remove one.
    for kept in sorted(set(told))[-(KEPT - 1) :]:
        if kept not in found:
            problems.append(f"the checkpoint of step {kept} is gone")
    for step, path in found.items():
        try:
            if small_training.digest(path) != expected.get(step):
                problems.append(f"{path} differs from the undisturbed run's")
        except tf.errors.OpError as error:
            problems.append(str(error))
    return problems


def saves_took(lines: list[str]) -> list[float]:
    """Returns the seconds of each save in order, up to the last time that it was told."""
    told = (line.split() for line in lines if line.startswith("took "))
    return list({step: 1e-6 * int(micros) for _, step, micros in told}.values())


def kill_once(directory: Directory, chance: random.Random, startup: float, seen: Seen) -> bool:
    """Trains and kills; returns False if the training reached its end first."""
    moment, aim = chance.random(), None
    if moment > 0.5:  # a save takes a small part of the time: these kills are aimed at one
        aim = chance.randint(1, 6), chance.uniform(0.0, 1.2 * directory.save_secs)
    child = forked.fork(lambda tell: directory.train(tell, aim))
    if moment < 0.2:
        child.listen(chance.uniform(0.0, 1.2 * startup))
    elif child.wait_for("saved", _PATIENCE):
        seen.longest_restart = max(seen.longest_restart, time.monotonic() - child.began)
        child.listen(chance.uniform(0.0, 0.05) if aim is None else _PATIENCE)
    child.send(signal.SIGKILL)
    status = child.end(_PATIENCE)
    steps = forked.numbers(child.lines, "saved ")
    directory.told += steps
    took = sorted(saves_took(child.lines)[1:])
    if took:  # a busy machine makes most of them longer
        directory.save_secs = took[len(took) // 4]
    seen.saves += len(steps)
    for line in child.lines:
        if line.startswith("left ") and line != "left []":
            seen.violations.append(f"{directory.name}: the next writer has {line}")
    if not os.WIFSIGNALED(status):
        if os.waitstatus_to_exitcode(status) != 0:
            seen.violations.append(f"{directory.name}: the child failed: {child.lines[-2:]}")
        return False
    seen.kills += 1
    seen.kills_before_training += not steps
    names = os.listdir(directory.path) if directory.path.exists() else []
    directory.leftovers = [name for name in names if name.startswith(_LEFTOVERS)]
    seen.kills_with_leftovers += bool(directory.leftovers)
    seen.kills_in_a_save += len(forked.numbers(child.lines, "saving ")) > len(steps)
    return True


def inspect(directory: Directory, expected: dict[int, str], seen: Seen) -> None:
    """Looks at a directory in a fresh process."""

    def work(tell: forked.Tell) -> None:
        for problem in look(directory.path, directory.told, expected):
            tell(f"problem: {problem}".replace("\n", " "))

    child = forked.fork(work)
    status = child.end(_PATIENCE)
    seen.violations += [f"{directory.name}, kill {seen.kills}: {line}" for line in child.lines]
    if status != 0 and not child.lines:
        seen.violations.append(f"{directory.name}: the checker ended with status {status}")


def to_the_end(directory: Directory, expected: dict[int, str], seen: Seen) -> None:
    """Trains on without a kill, and compares the end."""
    child = forked.fork(directory.train)
    if child.end(_PATIENCE) != 0:
        seen.violations.append(f"{directory.name}: continuing failed: {child.lines[-2:]}")
        return
    directory.told += forked.numbers(child.lines, "saved ")
    if LAST not in directory.told:
        seen.violations.append(f"{directory.name}: step {LAST} was not reached")
    inspect(directory, expected, seen)
    if list(directory.path.glob(".tmp-*")) + list(directory.path.glob(".trash-*")):
        seen.violations.append(f"{directory.name}: something is left over at the end")
    seen.ends += 1


def run(setting: Setting, spoil: Spoil = lambda: None) -> Outcome:
    """Kills setting.size times. `spoil` breaks the library before it trains, for tests."""
    chance = random.Random(setting.seed)
    seen = Seen()
    began = time.monotonic()
    memory = Path("/dev/shm")
    quick = memory if memory.is_dir() and os.access(memory, os.W_OK) else setting.folder
    with tempfile.TemporaryDirectory(prefix="holdfast-", dir=quick) as folder:
        expected = reference(Path(folder))
        spoil()
        startup = 0.1
        each = max(1, min(KILLS_PER_DIRECTORY, setting.size // 4))
        for number, config in enumerate(itertools.cycle(configurations())):
            if seen.kills >= setting.size:
                break
            place = setting.folder if config["durability"] == "full" else Path(folder)
            directory = Directory(place / f"model{number}", f"directory {number} {config}", config)
            target = min(setting.size, seen.kills + each)
            while seen.kills < target and kill_once(directory, chance, startup, seen):
                startup = min(max(0.02, seen.longest_restart), 0.2)
                inspect(directory, expected, seen)
            to_the_end(directory, expected, seen)
            print(
                f"T2: {seen.kills} of {setting.size} kills, {len(seen.violations)} violations, "
                f"{time.monotonic() - began:.0f} s",
                file=sys.stderr,
            )
    details = dataclasses.asdict(seen)
    del details["violations"], details["kills"]
    details["longest_restart"] = round(seen.longest_restart, 3)
    return Outcome(cases=seen.kills, violations=seen.violations, details=details)


CAMPAIGN = Campaign(
    id="T2",
    name="killed at random moments of training, by SIGKILL or by a timer of the kernel",
    unit="kills",
    sizes={"change": 40, "nightly": 1000, "release": 5000},
    run=run,
)
