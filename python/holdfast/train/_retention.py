"""Which checkpoints stay: a pure function of what is there."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence

_MS_PER_HOUR = 3_600_000


@dataclasses.dataclass(frozen=True, kw_only=True)
class KeptCheckpoint:
    """What retention has to know of one checkpoint."""

    path: str
    commit_seq: int
    created_unix_ms: int
    nonfinite: int = 0
    preserved: bool = False  # an earlier decision kept it for keep_checkpoint_every_n_hours
    pinned: bool = False  # by train.pin_checkpoint
    value: float | None = None  # of the metric of keep_best; None: not evaluated


@dataclasses.dataclass(frozen=True, kw_only=True)
class Kept:
    """One decision: why each path stays (what is not named goes), and the every-n-hours clock."""

    reasons: Mapping[str, tuple[str, ...]]
    last_preserved_unix_ms: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Retention:
    """The rule of one model_dir.

    Args:
      keep_checkpoint_max: How many of the newest checkpoints stay; 0 or None: all of them.
      keep_checkpoint_every_n_hours: Beyond those, one checkpoint stays for each span of so many
        hours.
      keep_best: (metric, n, "max" or "min"): beyond those, the n best of the evaluated ones stay.
        Of equal values the earlier checkpoint is better; NaN is worse than every number, and still
        better than nothing.
    Source: RunConfig of TF; a lowered limit takes effect at once here, where TF drops one a save.

    """

    keep_checkpoint_max: int | None = 5
    keep_checkpoint_every_n_hours: float | None = 10000
    keep_best: tuple[str, int, str] | None = None

    def keep(
        self,
        checkpoints: Sequence[KeptCheckpoint],
        *,
        started_from: str | None = None,
        last_preserved_unix_ms: int | None = None,
    ) -> Kept:
        """Returns the checkpoints that stay.

        Args:
          checkpoints: Everything in the directory, in any order.
          started_from: The one this run was restored from, until the run has saved once.
          last_preserved_unix_ms: The clock of the last decision; None: the oldest checkpoint's
            time, so that the first span begins with the run.

        """
        ordered = sorted(checkpoints, key=lambda c: c.commit_seq)
        times = _monotonic([c.created_unix_ms for c in ordered])
        reasons: dict[str, tuple[str, ...]] = {}

        def add(path: str, reason: str) -> None:
            reasons[path] = (*reasons.get(path, ()), reason)

        limit = self.keep_checkpoint_max or len(ordered)
        for checkpoint in ordered[-limit:] if ordered else []:
            add(checkpoint.path, "recent")
        finite = [c for c in ordered if c.nonfinite == 0]
        if finite:
            add(finite[-1].path, "newest_finite")
        for checkpoint in self._best(ordered):
            add(checkpoint.path, self.best_reason)
        for checkpoint in ordered:
            if checkpoint.pinned:
                add(checkpoint.path, "pinned")
        if any(c.path == started_from for c in ordered):
            add(str(started_from), "started_from")
        last = (
            last_preserved_unix_ms if last_preserved_unix_ms is not None else min(times, default=0)
        )
        for checkpoint, created in zip(ordered, times, strict=True):
            if checkpoint.preserved or self._span_over(last, created):
                last = max(last, created)
                add(checkpoint.path, "every_n_hours")
        return Kept(reasons=reasons, last_preserved_unix_ms=last)

    @property
    def best_reason(self) -> str:
        """What `keep` says of a checkpoint that stays for keep_best."""
        return "" if self.keep_best is None else f"best:{self.keep_best[0]}"

    def _best(self, ordered: Sequence[KeptCheckpoint]) -> list[KeptCheckpoint]:
        if self.keep_best is None:
            return []
        _, count, mode = self.keep_best

        def rank(checkpoint: KeptCheckpoint) -> tuple[bool, float]:
            value = math.nan if checkpoint.value is None else checkpoint.value
            if math.isnan(value):
                return True, 0.0
            return False, -value if mode == "max" else value

        # Sorting is stable: the earlier one wins among equals.
        return sorted((c for c in ordered if c.value is not None), key=rank)[:count]

    def _span_over(self, last: int, created: int) -> bool:
        hours = self.keep_checkpoint_every_n_hours
        return bool(hours) and created >= last + (hours or 0) * _MS_PER_HOUR


def _monotonic(times: Sequence[int]) -> list[int]:
    # A clock that was set back makes nothing look older than what was saved before it.
    result: list[int] = []
    for time in times:
        result.append(max(time, result[-1] + 1) if result else time)
    return result
