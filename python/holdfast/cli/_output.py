"""What commands print on standard output: tables for people, one JSON object for programs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from holdfast import _core


def console() -> Console:
    """Returns the console of standard output; in a file or pipe, lines are as long as they are."""
    result = Console(highlight=False, markup=False, soft_wrap=True)  # names may hold [brackets]
    if not result.is_terminal:
        result.width = 10_000
    return result


def print_json(facts: dict[str, Any]) -> None:
    """Prints one JSON object."""
    print(json.dumps(facts, indent=2))


def plain(text: str) -> str:
    """Returns a text without control characters: paths and user state may hold any."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def say(out: Console, text: str) -> None:
    """Prints lines of plain text."""
    out.print("\n".join(plain(line) for line in text.split("\n")))


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[str]) -> Table:
    """Returns a table; columns named in `right` are flush right."""
    result = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for heading in headings:
        justify: Any = "right" if heading in right else "left"
        result.add_column(heading, justify=justify, no_wrap=True)
    for row in rows:
        result.add_row(*(plain(cell) for cell in row))
    return result


def size_text(size: int) -> str:
    """Returns a number of bytes as people write it: 512 B, 3.4 KiB."""
    value = float(size)
    for unit in ("B", "KiB", "MiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} GiB"


def age_text(seconds: float) -> str:
    """Returns an age as people say it: 12 s, 3 min, 5 h, 2 days; "-" of a time yet to come."""
    if seconds < 0:
        return "-"
    for unit, length, until in (("s", 1, 120), ("min", 60, 7200), ("h", 3600, 172_800)):
        if seconds < until:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds / 86_400:.0f} days"


def checkpoint_facts(info: _core.CheckpointInfo, now: float | None = None) -> dict[str, Any]:
    """Returns a checkpoint as JSON has it; `now`: seconds since 1970, the clock's if None."""
    written = info.created_unix_ms / 1000
    return {
        "step": info.step,
        "path": info.path,
        "bytes": info.bytes,
        "written": datetime.fromtimestamp(written).isoformat(timespec="seconds"),
        "age_seconds": round((time.time() if now is None else now) - written, 1),
        "commit_seq": info.commit_seq,
        "nonfinite": info.nonfinite,
    }


def checkpoint_table(
    checkpoints: Iterable[dict[str, Any]], kept: Mapping[str, Sequence[str]] | None = None
) -> Table:
    """Returns the table of what checkpoint_facts says.

    Args:
      checkpoints: One row each.
      kept: Why each stays, by the checkpoint's name; None: there is no such column.
    """
    headings = ["step", "written", "age", "size", "commit", "nonfinite", "name"]
    rows = []
    for facts in checkpoints:
        name = Path(facts["path"]).name
        row = [
            str(facts["step"]),
            facts["written"].replace("T", " "),
            age_text(facts["age_seconds"]),
            size_text(facts["bytes"]),
            str(facts["commit_seq"]),
            str(facts["nonfinite"]),
            name,
        ]
        rows.append(row if kept is None else [*row, ", ".join(kept.get(name, ()))])
    if kept is not None:
        headings.append("kept as")
    return table(headings, rows, right=("step", "age", "size", "commit", "nonfinite"))


def list_facts(model_dir: Path) -> list[dict[str, Any]]:
    """Returns checkpoint_facts of every checkpoint in a directory, oldest first."""
    now = time.time()
    return [checkpoint_facts(info, now) for info in _core.list_checkpoints(str(model_dir))]
