"""T11: SIGTERM at random moments of a call of train, in every state that it can be in.

A child trains and tells each finished step. Once it is in the wanted situation a SIGTERM is sent,
after a random delay. Then: the newest checkpoint is of the last finished step, its bytes are whole
and its input position is its step; the process ends in time, with exit code 143, having called the
program's handler and put it back, with the lock free and nothing left over; and what continues from
there is bit for bit what an undisturbed training would have become. tests/python/test_sigterm.py
seeds defects that show up as violations.
"""

from __future__ import annotations

import dataclasses
import os
import random
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import forked
import small_training
from campaign import Campaign, Outcome, Setting
from sigterm_situations import BEFORE, MORE, SITUATIONS, Situation

import holdfast as tf
from holdfast import _core

_PATIENCE = 60.0  # seconds for what takes milliseconds: the machine may be busy
# One case in so many runs in a new interpreter, the others in a fork, which is faster.
_INTERPRETER_EVERY = 12

Spoil = Callable[[], None]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Case:
    """One SIGTERM.

    Attributes:
      situation: What training is doing.
      delay: Seconds from there to the signal.
      continued: Whether training continues from a checkpoint.
      handler: Whether the program has a handler of its own.
      again: Seconds to a second SIGTERM, which is to change nothing; None: there is none.
      interpreter: Whether a new interpreter is started for it.
    """

    situation: Situation
    delay: float
    continued: bool
    handler: bool
    again: float | None
    interpreter: bool


def program(situation: Situation, model_dir: str, handler: bool, tell: forked.Tell) -> None:
    """The child: trains for ever, and tells what a program can see of the end."""

    def mine(number: int, frame: Any) -> None:
        tell("handler")
        situation.on_signal()

    if handler:
        signal.signal(signal.SIGTERM, mine)
    before = signal.getsignal(signal.SIGTERM)
    try:
        situation.train(model_dir, tell)
    except tf.errors.TrainingInterrupted:
        if signal.getsignal(signal.SIGTERM) is before:
            tell("restored")
        tell(f"threads {threading.active_count()}")
        left = [name for name in os.listdir(model_dir) if name.startswith((".tmp", ".tr", ".old"))]
        tell(f"leftovers {len(left)}")
        _core.CheckpointWriter(model_dir, "process").close()
        tell("unlocked")
        raise
    tell("came to its end")


def begin(case: Case, model_dir: Path) -> forked.Child:
    """Starts the child of a case."""
    if case.interpreter:
        return forked.start(__file__, case.situation.name, str(model_dir), str(int(case.handler)))
    return forked.fork(lambda tell: program(case.situation, str(model_dir), case.handler, tell))


def attack(case: Case, model_dir: Path) -> tuple[list[str], float, list[str]]:
    """Returns what was wrong, seconds from the signal to the end, and what the child told."""
    child = begin(case, model_dir)
    if not child.wait_for(case.situation.go, _PATIENCE):
        child.end(0.0)
        return [f"{case.situation.go!r} was never told: {child.lines[-3:]}"], 0.0, child.lines
    child.listen(case.delay)
    sent = time.monotonic()
    child.send(signal.SIGTERM)
    if case.again is not None:
        child.listen(case.again)
        child.send(signal.SIGTERM)
    status = child.end(_PATIENCE)
    took = time.monotonic() - sent
    problems = []
    if not os.WIFEXITED(status) or os.WEXITSTATUS(status) != 128 + signal.SIGTERM:
        problems.append(f"wait status {status}, expected exit code 143; {child.lines[-3:]}")
    expected = ["restored", "threads 1", "leftovers 0", "unlocked"]
    expected += ["handler"] if case.handler else []
    problems += [f"{line!r} was not told" for line in expected if line not in child.lines]
    return problems, took, child.lines


def look(case: Case, model_dir: Path, lines: list[str]) -> list[str]:
    """Returns what is wrong with the directory. Continues its training by MORE steps."""
    path = _core.latest_checkpoint(str(model_dir))
    start = BEFORE if case.continued else 0
    finished = max([start, *forked.numbers(lines, "step ")])
    if path is None:
        # Before the first save there is nothing to lose, and nothing was lost.
        return [f"no checkpoint, and step {finished} was finished"] if finished else []
    step, consumed = small_training.step_of(path), small_training.consumed(path)
    problems = []
    if step != finished and case.situation.tells_steps:
        problems.append(f"the newest checkpoint is of step {step}, the last step was {finished}")
    if consumed != step:
        problems.append(f"step {step} has an input position of {consumed} batches")
    small_training.digest(path)  # reads and verifies every byte
    calm = model_dir.with_name(model_dir.name + "-calm")
    ends = []
    for directory in (model_dir, calm):
        made = case.situation.calm_estimator(str(directory))
        made.train(case.situation.calm_data, max_steps=step + MORE)
        ends.append(small_training.digest(str(directory / f"model.ckpt-{step + MORE}")))
    if ends[0] != ends[1]:
        problems.append(f"continued from step {step}, it differs from an undisturbed training")
    return problems


def inspect(case: Case, model_dir: Path, lines: list[str]) -> list[str]:
    """Looks at a directory in a fresh process."""

    def work(tell: forked.Tell) -> None:
        for problem in look(case, model_dir, lines):
            tell(problem.replace("\n", " "))

    child = forked.fork(work)
    status = child.end(_PATIENCE)
    return child.lines + ([f"the checker ended with status {status}"] if status else [])


def prepared(folder: Path) -> dict[str, Path]:
    """Returns for each situation a directory whose training has made BEFORE steps."""

    def work(tell: forked.Tell) -> None:
        for situation in SITUATIONS:
            made = situation.calm_estimator(str(folder / situation.name))
            made.train(situation.calm_data, max_steps=BEFORE)

    child = forked.fork(work)
    if child.end(_PATIENCE) != 0:
        raise RuntimeError(f"no training could be prepared: {child.lines[-2:]}")
    return {situation.name: folder / situation.name for situation in SITUATIONS}


def cases(count: int, chance: random.Random) -> list[Case]:
    """Returns that many cases, every situation as often as the others."""
    made = []
    for number in range(count):
        situation = SITUATIONS[number % len(SITUATIONS)]
        handler = situation.needs_handler or chance.random() < 0.5
        interpreter = number % _INTERPRETER_EVERY == _INTERPRETER_EVERY - 1
        # An interpreter that is shutting down has put the handlers back itself: one signal only.
        again = handler and not interpreter and chance.random() < 0.5
        made.append(
            Case(
                situation=situation,
                delay=chance.uniform(0.0, situation.span),
                continued=chance.random() < 0.5,
                handler=handler,
                again=chance.uniform(0.0, 0.05) if again else None,
                interpreter=interpreter,
            )
        )
    return made


def run(setting: Setting, spoil: Spoil = lambda: None) -> Outcome:
    """Sends setting.size signals. `spoil` breaks the library before it trains, for tests."""
    templates = prepared(setting.folder)
    spoil()
    violations: list[str] = []
    longest = 0.0
    counts: dict[str, int] = {}
    for number, case in enumerate(cases(setting.size, random.Random(setting.seed))):
        model_dir = setting.folder / f"model{number}"
        if case.continued:
            shutil.copytree(templates[case.situation.name], model_dir)
        else:
            model_dir.mkdir()
        problems, took, lines = attack(case, model_dir)
        problems += inspect(case, model_dir, lines)
        name = f"seed {setting.seed}, case {number}, {case.situation.name}, {case.delay:.3f} s"
        violations += [f"{name}: {problem}" for problem in problems]
        longest = max(longest, took)
        counts[case.situation.name] = counts.get(case.situation.name, 0) + 1
        for path in setting.folder.glob(f"model{number}*"):
            shutil.rmtree(path)
        for problem in problems:
            print(f"T11: {name}: {problem}", file=sys.stderr)
        if number % 20 == 19:
            done = f"{number + 1} of {setting.size} signals, {len(violations)} violations"
            print(f"T11: {done}", file=sys.stderr)
    details = {"longest_exit_secs": round(longest, 3), "situations": counts}
    return Outcome(cases=setting.size, violations=violations, details=details)


CAMPAIGN = Campaign(
    id="T11",
    name="SIGTERM at random moments of training",
    unit="signals",
    sizes={"change": 20, "nightly": 100, "release": 300},
    run=run,
)


def main() -> None:
    """The child of a case in a new interpreter: SITUATION MODEL_DIR HANDLER."""
    name, model_dir, handler = sys.argv[1:]
    situation = next(each for each in SITUATIONS if each.name == name)
    program(situation, model_dir, handler == "1", forked.teller(1))


if __name__ == "__main__":
    main()
