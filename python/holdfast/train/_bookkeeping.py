"""checkpoint.json: what retention has to remember, beyond what the directories say.

The file is advice. The directories decide what exists and which checkpoint is the newest; a lost
or damaged file costs the memory of why older checkpoints were kept, and nothing else.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
from collections.abc import Mapping, Sequence
from typing import Any

from holdfast import _core
from holdfast.train._retention import Retention

_PRESERVED = "every_n_hours"
_OF_THIS_RUN = {"started_from"}  # means nothing to the next run


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bookkeeping:
    """What is remembered.

    Args:
      preserved: Names kept for keep_checkpoint_every_n_hours.
      last_preserved_unix_ms: The clock of those.
      best: Values of what was kept for keep_best, by name, commit number and metric.
    """

    preserved: frozenset[str] = frozenset()
    last_preserved_unix_ms: int | None = None
    best: Mapping[tuple[str, int, str], float] = dataclasses.field(default_factory=dict)


def encode(
    checkpoints: Sequence[_core.CheckpointInfo],
    reasons: Mapping[str, Sequence[str]],
    last_preserved_unix_ms: int,
    best: Sequence[Mapping[str, Any]] = (),
) -> str:
    """Returns what the writer is told for the checkpoints that stay, oldest first."""
    return json.dumps(
        {
            "all": [
                {
                    "name": os.path.basename(info.path),
                    "step": info.step,
                    "commit_seq": info.commit_seq,
                    "created_unix_ms": info.created_unix_ms,
                    "keep": sorted(set(reasons.get(info.path, ())) - _OF_THIS_RUN),
                }
                for info in checkpoints
            ],
            "best": list(best),
            "last_preserved_unix_ms": last_preserved_unix_ms,
        }
    )


def best_entries(
    retention: Retention,
    checkpoints: Sequence[_core.CheckpointInfo],
    reasons: Mapping[str, Sequence[str]],
    values: Mapping[str, float],
) -> list[dict[str, Any]]:
    """Returns the entries of "best". NaN and infinity have no place in JSON: nothing is said."""
    if retention.keep_best is None:
        return []
    metric, _, mode = retention.keep_best
    return [
        {
            "name": os.path.basename(info.path),
            "metric": metric,
            "value": values[info.path],
            "mode": mode,
        }
        for info in checkpoints
        if retention.best_reason in reasons.get(info.path, ()) and math.isfinite(values[info.path])
    ]


def parse(text: str) -> Bookkeeping:
    """Returns what the file says, whose form the core has checked."""
    document = json.loads(text)
    entries = document.get("all", ())
    preserved = {entry["name"] for entry in entries if _PRESERVED in entry.get("keep", ())}
    numbers = {entry["name"]: entry["commit_seq"] for entry in entries}
    return Bookkeeping(
        preserved=frozenset(preserved),
        last_preserved_unix_ms=document.get("last_preserved_unix_ms"),
        best={
            (entry["name"], numbers[entry["name"]], entry["metric"]): float(entry["value"])
            for entry in document.get("best", ())
            if entry["name"] in numbers
        },
    )
