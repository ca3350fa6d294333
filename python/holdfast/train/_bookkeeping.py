"""checkpoint.json: what retention has to remember, beyond what the directories say.

The file is advice. The directories decide what exists and which checkpoint is the newest; a lost
or damaged file costs the memory of why older checkpoints were kept, and nothing else.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping, Sequence

from holdfast import _core

_PRESERVED = "every_n_hours"
_OF_THIS_RUN = {"started_from"}  # means nothing to the next run


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bookkeeping:
    """What is remembered: names preserved by keep_checkpoint_every_n_hours, and that clock."""

    preserved: frozenset[str] = frozenset()
    last_preserved_unix_ms: int | None = None


def encode(
    checkpoints: Sequence[_core.CheckpointInfo],
    reasons: Mapping[str, Sequence[str]],
    last_preserved_unix_ms: int,
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
            "last_preserved_unix_ms": last_preserved_unix_ms,
        }
    )


def parse(text: str) -> Bookkeeping:
    """Returns what the file says, whose form the core has checked."""
    document = json.loads(text)
    preserved = {
        entry["name"] for entry in document.get("all", ()) if _PRESERVED in entry.get("keep", ())
    }
    return Bookkeeping(
        preserved=frozenset(preserved),
        last_preserved_unix_ms=document.get("last_preserved_unix_ms"),
    )
