"""How sides are timed: in turns, round after round, so that a change of clock meets all of them."""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

_REST = 0.05  # seconds before each turn: pools of threads spin for a while after their work
_WARM = 2  # steps before each turn that are not timed: others have used the caches


@dataclasses.dataclass
class Line:
    """What was measured of one side at one number of threads."""

    side: str
    threads: int
    speeds: list[float] = dataclasses.field(default_factory=list)  # steps/s of each round

    @property
    def median(self) -> float:
        return statistics.median(self.speeds)

    def as_json(self) -> dict[str, Any]:
        """Returns the line with its median, slowest and fastest round."""
        return {
            "side": self.side,
            "threads": self.threads,
            "steps_per_second": self.median,
            "slowest": min(self.speeds),
            "fastest": max(self.speeds),
            "rounds": self.speeds,
        }


class Timed(Protocol):
    """What takes turns: a side of a server, as a rule."""

    @property
    def name(self) -> str: ...

    @property
    def threads(self) -> int: ...

    def run(self, steps: int) -> float:
        """Returns the seconds of so many steps."""


def pilot(side: Timed, seconds: float) -> float:
    """Returns the steps/s of a side, tried out for about so many seconds; warms it up."""
    side.run(_WARM)
    steps, speed = 1, 0.0
    while speed == 0.0:
        taken = side.run(steps)
        if taken >= seconds / 4:
            speed = steps / taken
        steps = max(2 * steps, min(100 * steps, round(steps * seconds / 3 / max(taken, 1e-6))))
    steps = max(1, round(speed * seconds))
    return max(speed, steps / side.run(steps))


def worth_timing(pilots: dict[tuple[str, int], float], keep: str) -> set[tuple[str, int]]:
    """Returns the sides and thread counts that may be the best of their side.

    Args:
      pilots: Steps/s of a first turn.
      keep: A side of which all stay.
    """
    best: dict[str, float] = {}
    for (name, _), speed in pilots.items():
        best[name] = max(speed, best.get(name, 0.0))
    return {
        (name, threads)
        for (name, threads), speed in pilots.items()
        if name == keep or speed >= 0.75 * best[name]
    }


def take(
    sides: Sequence[Timed],
    rounds: int,
    seconds: float,
    keep: str,
    each_round: Callable[[], None] = lambda: None,
) -> list[Line]:
    """Returns a line for each side, but for thread counts that are clearly not the best of a side.

    Args:
      sides: They take turns.
      rounds: Turns of each.
      seconds: Of a turn, about.
      keep: A side of which every thread count is timed.
      each_round: Called at the beginning of each.
    """
    pilots = {(side.name, side.threads): pilot(side, seconds) for side in sides}
    chosen = worth_timing(pilots, keep)
    steps = {key: max(1, round(speed * seconds)) for key, speed in pilots.items()}
    lines = {key: Line(*key) for key in steps if key in chosen}
    for _ in range(rounds):
        each_round()
        for side in sides:
            key = (side.name, side.threads)
            if key not in chosen:
                continue
            time.sleep(_REST)
            side.run(_WARM)
            lines[key].speeds.append(steps[key] / side.run(steps[key]))
    return list(lines.values())
