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

FILE_NAME = "checkpoint.json"
_FORMAT = "holdfast.state"
_PRESERVED = "every_n_hours"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bookkeeping:
    """What is remembered: names preserved by keep_checkpoint_every_n_hours, and that clock."""

    preserved: frozenset[str] = frozenset()
    last_preserved_unix_ms: int | None = None


def encode(
    checkpoints: Sequence[_core.CheckpointInfo],
    reasons: Mapping[str, Sequence[str]],
    last_preserved_unix_ms: int,
) -> bytes:
    """Returns the file's bytes for the checkpoints that stay, oldest first."""
    document = {
        "format": _FORMAT,
        "latest": os.path.basename(checkpoints[-1].path),
        "next_seq": checkpoints[-1].commit_seq + 1,
        "all": [
            {
                "name": os.path.basename(info.path),
                "step": info.step,
                "commit_seq": info.commit_seq,
                "created_unix_ms": info.created_unix_ms,
                "keep": sorted(reasons.get(info.path, ())),
            }
            for info in checkpoints
        ],
        "last_preserved_unix_ms": last_preserved_unix_ms,
    }
    return json.dumps(document, indent=1).encode() + b"\n"


def parse(data: bytes) -> Bookkeeping:
    """Returns what the file says. Raises: ValueError if it is no such file."""
    document = json.loads(data)
    if not isinstance(document, dict) or document.get("format") != _FORMAT:
        raise ValueError(f'expected a JSON object with "format": "{_FORMAT}"')
    entries = document.get("all", [])
    last = document.get("last_preserved_unix_ms")
    if not isinstance(entries, list) or not (last is None or isinstance(last, int)):
        raise ValueError('"all" must be a list, "last_preserved_unix_ms" an integer')
    preserved = {
        entry["name"]
        for entry in entries
        if isinstance(entry, dict)
        and isinstance(entry.get("name"), str)
        and _PRESERVED in (entry.get("keep") or ())
    }
    return Bookkeeping(preserved=frozenset(preserved), last_preserved_unix_ms=last)
