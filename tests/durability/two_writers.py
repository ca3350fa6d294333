"""T10: a second writer of a model_dir, wherever it comes from, is refused and changes nothing.

Each round has four attempts: by a second process, by a second object in the writer's process, by
a child forked from the writer's process, and, which must succeed at once, by a process that comes
after kill -9 of the writer in the middle of its saving.

It fails when WriterLock takes no lock (every attempt but the last gets through), when its fork
handlers are left out (the child's copy keeps the lock that its parent has let go), and when
ModelDirWriter recovers before it locks (the loser removes the leftover that each round puts there).
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from campaign import Campaign, Outcome, Setting
from forked import Child, Tell, ended, fork

import holdfast as tf
from holdfast import _core, errors

LIMIT_SECONDS = 1.0  # for an error; the specification's
_PATIENCE = 30.0  # for a child to do anything at all
_KEPT = 2  # checkpoints that stay between rounds

Loser = Callable[[str], object]


def _open_writer(folder: str) -> object:
    return _core.CheckpointWriter(folder, "process")


def _write_checkpoint(folder: str) -> object:
    return tf.train.write_checkpoint(folder, {"w": np.zeros(3, "float32")}, 10**6)


# The public ways to become a writer that need no model.
LOSERS: tuple[Loser, ...] = (_open_writer, _write_checkpoint)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Refusal:
    """How an attempt ended: the sentence that says what is wrong with it, or None; its seconds."""

    wrong: str | None
    seconds: float


def attempt(loser: Loser, folder: str) -> Refusal:
    """Tries to write where somebody else does."""
    began = time.monotonic()
    wrong: str | None = "was not refused"
    try:
        loser(folder)
    except errors.ModelDirLockedError as error:
        wrong = None if "is being written by" in str(error) else f"unexpected text: {error}"
    except Exception as error:
        wrong = f"got {type(error).__name__}: {error}"
    seconds = time.monotonic() - began
    if wrong is None and seconds > LIMIT_SECONDS:
        wrong = f"was refused after {seconds:.2f} s"
    return Refusal(wrong=wrong, seconds=seconds)


def tree(folder: Path) -> str:
    """Returns a hash of names, kinds, times and bytes of everything below a folder."""
    made = hashlib.sha256()
    for path in sorted([folder, *folder.rglob("*")]):
        facts = path.lstat()
        made.update(f"{path} {facts.st_mode} {facts.st_ino} {facts.st_mtime_ns} ".encode())
        if path.is_file():
            made.update(path.read_bytes())
    return made.hexdigest()


def _holder(folder: str, tell: Tell) -> None:
    """Holds the lock, then saves without pause until it is killed."""
    writer = _core.CheckpointWriter(folder, "process")
    _trim(writer, folder)
    found = _core.list_checkpoints(folder)
    step = found[-1].step + 1 if found else 1
    writer.save({"w": np.full(64, step, "float32")}, step)
    tell(f"saved {step}")
    signal.sigwait({signal.SIGUSR1})  # blocked before the fork: none is lost
    while True:
        step += 1
        writer.save({"w": np.full(64, step, "float32")}, step)
        tell(f"saved {step}")


def _trim(writer: _core.CheckpointWriter, folder: str) -> None:
    for info in _core.list_checkpoints(folder)[:-_KEPT]:
        writer.remove(info.path)


class _Campaign:
    def __init__(self, setting: Setting) -> None:
        self.folder = setting.folder / "model"
        self.random = random.Random(setting.seed)
        self.violations: list[str] = []
        self.cases = 0
        self.slowest = {"error": 0.0, "free": 0.0}

    def round(self, number: int) -> None:
        """Has a holder, attacks it, kills it and takes over."""
        loser = LOSERS[number % len(LOSERS)]
        with ended(fork(lambda tell: _holder(str(self.folder), tell))) as holder:
            if not holder.wait_for("saved", _PATIENCE):
                self._wrong(number, "holder", f"did not start: {holder.lines}")
                return
            # What an interrupted save has left: recovery would remove it, were it reached.
            (self.folder / f".tmp-model.ckpt-9-{number:016x}").mkdir()
            self._second_process(number, loser)
            holder.send(signal.SIGUSR1)
            holder.listen(self.random.uniform(0.0, 0.004))
            holder.send(signal.SIGKILL)
            holder.end(_PATIENCE)
            self._after_kill(number, [int(line.split()[1]) for line in holder.lines])
        self._same_process(number, loser)

    def _second_process(self, number: int, loser: Loser) -> None:
        before = tree(self.folder)
        with ended(fork(lambda tell: _tell_attempt(loser, str(self.folder), tell))) as child:
            told = child.wait_for("{", _PATIENCE)
        self._judge(number, "second process", before, child.lines if told else [])

    def _same_process(self, number: int, loser: Loser) -> None:
        """In a child, which opens a writer and then is its own rival, and its child's."""
        before_child = fork(lambda tell: _rivals(loser, self.folder, tell))
        with ended(before_child) as child:
            child.wait_for("done", _PATIENCE)
        for what in ("second object", "after fork"):
            lines = [line.split(": ", 1)[1] for line in child.lines if line.startswith(what)]
            self._judge(number, what, None, lines)

    def _after_kill(self, number: int, saved: list[int]) -> None:
        self.cases += 1
        began = time.monotonic()
        try:
            writer = _core.CheckpointWriter(str(self.folder), "process")
        except errors.OpError as error:
            self._wrong(number, "after kill -9", f"the lock was not free: {error}")
            return
        seconds = time.monotonic() - began
        self.slowest["free"] = max(self.slowest["free"], seconds)
        if seconds > LIMIT_SECONDS:
            self._wrong(number, "after kill -9", f"the lock was free after {seconds:.2f} s")
        found = _core.list_checkpoints(str(self.folder))
        if not found or found[-1].step < max(saved):
            self._wrong(number, "after kill -9", f"step {max(saved)} was saved and is not there")
        _core.CheckpointReader(found[-1].path).verify()
        left = [p.name for p in self.folder.iterdir() if p.name.startswith((".tmp-", ".trash-"))]
        if left:
            self._wrong(number, "after kill -9", f"recovery left {left}")
        writer.close()

    def _judge(self, number: int, what: str, before: str | None, lines: list[str]) -> None:
        self.cases += 1
        if not lines:
            self._wrong(number, what, "the attempt told nothing")
            return
        refusal = json.loads(lines[-1])
        self.slowest["error"] = max(self.slowest["error"], refusal["seconds"])
        if refusal["wrong"] is not None:
            self._wrong(number, what, refusal["wrong"])
        if before is not None and tree(self.folder) != before:
            self._wrong(number, what, "the loser changed the directory")

    def _wrong(self, number: int, what: str, text: str) -> None:
        self.violations.append(f"round {number}, {what}: {text}")


def _tell_attempt(loser: Loser, folder: str, tell: Tell, start: str = "") -> None:
    tell(start + json.dumps(dataclasses.asdict(attempt(loser, folder))))


def _rivals(loser: Loser, folder: Path, tell: Tell) -> None:
    """Opens a writer; then a second object, and forked children, try to write as well."""
    writer = _core.CheckpointWriter(str(folder), "process")
    before = tree(folder)
    refusal = attempt(loser, str(folder))
    if refusal.wrong is None and tree(folder) != before:
        refusal = dataclasses.replace(refusal, wrong="the loser changed the directory")
    tell("second object: " + json.dumps(dataclasses.asdict(refusal)))
    with ended(fork(lambda inner: _tell_child(loser, writer, str(folder), inner))) as child:
        child.wait_for("{", _PATIENCE)
        refusal = _refusal_of(child)
        if refusal.wrong is None and tree(folder) != before:
            refusal = dataclasses.replace(refusal, wrong="the child changed the directory")
        if refusal.wrong is None:
            writer.close()  # the child lives on, and must not keep what it has inherited
            try:
                _core.CheckpointWriter(str(folder), "process").close()
            except errors.ModelDirLockedError as error:
                refusal = dataclasses.replace(refusal, wrong=f"the child keeps the lock: {error}")
        tell("after fork: " + json.dumps(dataclasses.asdict(refusal)))
        child.send(signal.SIGKILL)
    tell("done")


def _refusal_of(child: Child) -> Refusal:
    if not child.lines or not child.lines[-1].startswith("{"):
        return Refusal(wrong=f"the child told {child.lines}", seconds=0.0)
    return Refusal(**json.loads(child.lines[-1]))


def _tell_child(loser: Loser, writer: _core.CheckpointWriter, folder: str, tell: Tell) -> None:
    """Saves with the parent's writer, then opens its own; both must be refused."""
    wrong = None
    try:
        writer.save({"w": np.zeros(3, "float32")}, 10**6)
        wrong = "the child saved with its parent's writer"
    except errors.ModelDirLockedError:
        pass
    refusal = attempt(loser, folder)
    if wrong is not None:
        refusal = dataclasses.replace(refusal, wrong=wrong)
    tell(json.dumps(dataclasses.asdict(refusal)))
    time.sleep(_PATIENCE)


def run(setting: Setting) -> Outcome:
    """Does setting.size rounds of four attempts."""
    campaign = _Campaign(setting)
    campaign.folder.mkdir()
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    try:
        for number in range(setting.size):
            campaign.round(number)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    return Outcome(
        cases=campaign.cases,
        violations=campaign.violations,
        details={f"slowest_{what}_ms": round(s * 1e3, 2) for what, s in campaign.slowest.items()},
    )


CAMPAIGN = Campaign(
    id="T10",
    name="a second writer: process, object, after fork, after kill -9",
    unit="attempts",
    sizes={"change": 40, "nightly": 250, "release": 1000},
    run=run,
)
