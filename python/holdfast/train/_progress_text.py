"""What the live line says: pure functions of numbers."""

from __future__ import annotations

import dataclasses
import math

_SHORTEST_BAR, _LONGEST_BAR = 8, 40
_GAP = "  "


@dataclasses.dataclass(frozen=True, kw_only=True)
class ProgressFacts:
    """A run as the line shows it.

    Args:
      what: "training" or "evaluating".
      done: Steps of this call.
      total: Steps this call is to make; None: unknown.
      step: The global step; of an evaluation, batches.
      last_step: The one to be reached; None: unknown.
      speed: Steps per second; 0: not known yet.
      loss: Of the last step; None: there is none.
      saved: Step of the last checkpoint; None: none in this call.
    """

    what: str
    done: int = 0
    total: int | None = None
    step: int = 0
    last_step: int | None = None
    speed: float = 0.0
    loss: float | None = None
    saved: int | None = None


def line_of(facts: ProgressFacts, width: int) -> str:
    """Returns the line, at most `width` characters; the least important parts go first."""
    of = "" if facts.last_step is None else f"/{facts.last_step:,}"
    parts = [f"step {facts.step:,}{of}"]
    if facts.loss is not None:
        parts.append(f"loss {facts.loss:.4g}")
    if facts.total is not None and facts.speed > 0:
        parts.append(f"{_duration((facts.total - facts.done) / facts.speed)} left")
    if facts.speed > 0:
        parts.append(f"{_speed(facts.speed)} steps/s")
    if facts.saved is not None:
        parts.append(f"saved {facts.saved:,}")
    while len(parts) > 1 and len(_GAP.join(parts)) > width:
        parts.pop()
    line = _GAP.join(parts)
    if len(facts.what) + 1 + len(line) <= width:
        line = f"{facts.what} {line}"
    room = width - len(line) - len(_GAP)
    if facts.total and room >= _SHORTEST_BAR:
        line += _GAP + _bar(facts.done / facts.total, min(room, _LONGEST_BAR))
    return line[:width]


def _bar(share: float, width: int) -> str:
    filled = min(width, int(share * width))
    return "━" * filled + "─" * (width - filled)


def _speed(speed: float) -> str:
    return f"{speed:,.0f}" if speed >= 10 else f"{speed:.2g}"


def _duration(seconds: float) -> str:
    """Returns 0:09, 12:34, 3:04:05 or "2 d 3 h"."""
    left = math.ceil(max(seconds, 0.0))
    minutes, hours, days = left // 60, left // 3600, left // 86400
    if days:
        return f"{days} d {hours % 24} h"
    if hours:
        return f"{hours}:{minutes % 60:02}:{left % 60:02}"
    return f"{minutes}:{left % 60:02}"
