"""T12: training that is stopped, killed or terminated again and again, against one left alone.

Every optimizer x synchronous and asynchronous saving x 1 and 2 threads. A chain is one training
interrupted until it ends: by max_steps at a random step, by SIGKILL and SIGTERM at a random
moment, over inputs of several kinds in turn. Its last checkpoint must equal the undisturbed
one in every bit of weights, slots, random streams and input position; in every second chain a hook
fetches loss and rows of each step, which must be those of the undisturbed run for every step done,
the repeated ones included.

Shows that it can fail: with one batch too few or too many skipped on resuming, every chain differs;
tests/python/test_exact_resume.py does that.
"""

from __future__ import annotations

import dataclasses
import gc
import itertools
import os
import random
import shutil
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from campaign import Campaign, Outcome, Setting
from resumed_training import INPUTS, STEPS, Run, optimizers, state_of, trace_of, train, write_rows

import holdfast as tf
from holdfast import errors

_CHAIN = 5  # interruptions of one training
_PATIENCE = 60  # seconds for one child, which needs a tenth of one
_HOW = ("steps", "SIGKILL", "SIGTERM")


def _child(work: Callable[[], None], kill_after: float | None = None, number: int = 0) -> int:
    """Forks, works there, and returns the exit code; -n for the end by signal n.

    The parent has imported everything and made nothing, so that a child starts in milliseconds.
    """
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        except errors.TrainingInterrupted:
            code = 128 + number
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(pid, number)  # an ended child stays a zombie until it is waited for
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    raise RuntimeError(f"a training of {STEPS} steps had not ended after {_PATIENCE} seconds")


class _Chain:
    """One training that is interrupted until it ends."""

    def __init__(self, run: Run, folder: Path, traced: bool, chance: random.Random) -> None:
        folder.mkdir()
        self._run = run
        self._model_dir = folder / "model"
        self._trace = folder / "trace" if traced else None
        self._chance = chance
        self._name = f"{run}, {'traced' if traced else 'untraced'}, {folder.name}"
        self.stops: Counter[str] = Counter()
        self.violations: list[str] = []

    def interrupt(self, how: str, duration: float) -> None:
        """Lets it run to a random point; `duration` is that of a whole run, in seconds."""
        if how == "steps":
            at = _steps_in(self._model_dir)
            until = self._chance.randrange(at + 1, STEPS + 1) if at < STEPS else STEPS
            code = _child(lambda: train(self._run, self._model_dir, until, self._trace))
            stopped = code == 0 and at < until < STEPS
            expected: tuple[int, ...] = (0,)
        else:
            number = signal.Signals[how]
            expected = (0, -number) if how == "SIGKILL" else (0, 128 + number, -number)
            code = _child(self._to_the_end, self._chance.uniform(0, duration), number)
            stopped = code != 0
        if code not in expected:
            self.violations.append(f"{self._name}: after {how} the exit code was {code}")
        self.stops[how] += stopped

    def finish(self, reference: _Reference) -> None:
        """Lets it run to its end and compares."""
        if (code := _child(self._to_the_end)) != 0:
            self.violations.append(f"{self._name}: continuing to the end: exit code {code}")
            return
        found = state_of(self._model_dir)
        for name in sorted(found.keys() | reference.state.keys()):
            if found.get(name) != reference.state.get(name):
                self.violations.append(
                    f"{self._name}: after {dict(self.stops)} {name} is {found.get(name)!r:.80}, "
                    f"undisturbed {reference.state.get(name)!r:.80}"
                )
        if self._trace is not None:
            self._compare_trace(self._trace, reference)

    def _compare_trace(self, trace: Path, reference: _Reference) -> None:
        records = trace_of(trace)
        for step, seen in records:
            if seen != reference.trace[step]:
                self.violations.append(f"{self._name}: step {step} saw another loss or other rows")
        if missing := reference.trace.keys() - {step for step, _ in records}:
            self.violations.append(f"{self._name}: steps {sorted(missing)} were never done")

    def _to_the_end(self) -> None:
        train(self._run, self._model_dir, STEPS, self._trace)


def _steps_in(model_dir: Path) -> int:
    path = tf.train.latest_checkpoint(str(model_dir))
    return 0 if path is None else int(path.rsplit("-", 1)[1])


class _Reference:
    """The undisturbed training, on one thread and with synchronous saves."""

    def __init__(self, run: Run, folder: Path) -> None:
        folder.mkdir()
        began = time.monotonic()
        if _child(lambda: train(run, folder / "model", STEPS, folder / "trace")) != 0:
            raise RuntimeError(f"the undisturbed training failed: {run}")
        self.duration = time.monotonic() - began
        self.state = state_of(folder / "model")
        self.trace = dict(trace_of(folder / "trace"))


class _Campaign:
    """All chains of one run of the campaign."""

    def __init__(self, setting: Setting) -> None:
        self._folder = setting.folder
        self._chance = random.Random(setting.seed)
        self._data = setting.folder / "rows.csv"
        self._references: dict[tuple[str, str], _Reference] = {}
        self._turn = itertools.count()
        self.chains = 0
        self.stops: Counter[str] = Counter()
        self.violations: list[str] = []
        write_rows(self._data)

    def interrupt(self, stops: int, optimizer: str, async_save: bool, threads: int) -> None:
        """Makes chains until they were interrupted so many times."""
        done = 0
        for attempt in itertools.count():
            if done >= stops:
                return
            if attempt > stops:
                self.violations.append(f"{optimizer}: trainings end before they are interrupted")
                return
            inputs = INPUTS[self.chains % len(INPUTS)]
            run_of_chain = Run(
                optimizer=optimizer,
                async_save=async_save,
                threads=threads,
                inputs=inputs,
                data=self._data,
            )
            done += self._chain(run_of_chain, min(_CHAIN, stops - done))

    def _chain(self, one: Run, stops: int) -> int:
        reference = self._reference(one)
        folder = self._folder / f"chain-{self.chains}"
        chain = _Chain(one, folder, self.chains % 2 == 0, self._chance)
        for _ in range(stops):
            chain.interrupt(_HOW[next(self._turn) % len(_HOW)], reference.duration)
        chain.finish(reference)
        self.chains += 1
        self.stops += chain.stops
        self.violations += chain.violations
        shutil.rmtree(folder)
        return chain.stops.total()

    def _reference(self, one: Run) -> _Reference:
        key = (one.optimizer, one.inputs)
        if key not in self._references:
            folder = self._folder / "undisturbed"
            plain = dataclasses.replace(one, async_save=False, threads=1)
            self._references[key] = _Reference(plain, folder)
            shutil.rmtree(folder)
        return self._references[key]


def run(setting: Setting) -> Outcome:
    """Interrupts `size` times for each optimizer, way of saving and number of threads."""
    gc.freeze()  # children share what the parent has imported
    campaign = _Campaign(setting)
    for optimizer, async_save, threads in itertools.product(optimizers(), (False, True), (1, 2)):
        campaign.interrupt(setting.size, optimizer, async_save, threads)
    return Outcome(
        cases=campaign.stops.total(),
        violations=campaign.violations,
        details={
            "stops": dict(campaign.stops),
            "chains": campaign.chains,
            "optimizers": optimizers(),
        },
    )


CAMPAIGN = Campaign(
    id="T12",
    name="stop, kill and terminate training, continue, compare every bit with one left alone",
    unit="stops",
    sizes={"change": 2, "nightly": 25, "release": 25},
    run=run,
)
