"""What the event files of a model_dir say, as curves."""

from __future__ import annotations

import bisect
import dataclasses
from pathlib import Path

from holdfast import errors
from holdfast.summary import Event, SessionLog, summary_iterator

_EVENT_FILES = "events.out.tfevents.*"


@dataclasses.dataclass
class Curve:
    """One tag: steps, ascending, and the numbers there."""

    steps: list[int] = dataclasses.field(default_factory=list)
    values: list[float] = dataclasses.field(default_factory=list)

    def add(self, step: int, value: float) -> None:
        """Adds a point; a later one at the same step or before replaces those from there on."""
        self.cut(step)
        self.steps.append(step)
        self.values.append(value)

    def cut(self, step: int) -> None:
        """Takes away the points from a step on."""
        if self.steps and self.steps[-1] >= step:
            keep = bisect.bisect_left(self.steps, step)
            del self.steps[keep:], self.values[keep:]


@dataclasses.dataclass
class Run:
    """The event files of one directory.

    Attributes:
      curves: By tag.
      saves: (step, seconds since 1970) of the checkpoints that were written.
      problems: Files that could not be read to their end.
    """

    curves: dict[str, Curve] = dataclasses.field(default_factory=dict)
    saves: list[tuple[int, float]] = dataclasses.field(default_factory=list)
    problems: list[str] = dataclasses.field(default_factory=list)

    def read(self, path: Path) -> None:
        """Adds a file. What it says of steps that an earlier one had lost replaces that."""
        try:
            for event in summary_iterator(path):
                self._add(event)
        except errors.OpError as error:
            self.problems.append(str(error))

    def _add(self, event: Event) -> None:
        log = event.session_log
        if log is not None and log.status == SessionLog.START:
            for curve in self.curves.values():
                curve.cut(event.step)
        if log is not None and log.status == SessionLog.CHECKPOINT:
            self.saves.append((event.step, event.wall_time))
        for value in event.summary.value if event.summary is not None else ():
            if value.simple_value is not None:
                self.curves.setdefault(value.tag, Curve()).add(event.step, value.simple_value)


def read_runs(model_dir: Path) -> dict[str, Run]:
    """Returns the training's run as "training" and those of evaluations by their directory."""
    runs = {"training": _read(model_dir)}
    for folder in sorted(model_dir.glob("eval*")):
        if folder.is_dir() and (folder.name == "eval" or folder.name.startswith("eval_")):
            runs[folder.name] = _read(folder)
    return runs


def _read(folder: Path) -> Run:
    run = Run()
    for path in sorted(folder.glob(_EVENT_FILES)):
        run.read(path)
    return run
