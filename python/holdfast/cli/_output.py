"""What commands print on standard output: tables for people, one JSON object for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
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


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[str]) -> Table:
    """Returns a table; columns named in `right` are flush right."""
    result = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for heading in headings:
        justify: Any = "right" if heading in right else "left"
        result.add_column(heading, justify=justify, no_wrap=True)
    for row in rows:
        result.add_row(*row)
    return result


def size_text(size: int) -> str:
    """Returns a number of bytes as people write it: 512 B, 3.4 KiB."""
    value = float(size)
    for unit in ("B", "KiB", "MiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} GiB"


def checkpoint_facts(info: _core.CheckpointInfo) -> dict[str, Any]:
    """Returns a checkpoint as JSON has it."""
    return {
        "step": info.step,
        "path": info.path,
        "bytes": info.bytes,
        "written": datetime.fromtimestamp(info.created_unix_ms / 1000).isoformat(
            timespec="seconds"
        ),
    }


def checkpoint_table(checkpoints: Iterable[dict[str, Any]]) -> Table:
    """Returns the table of what checkpoint_facts says."""
    rows = [
        (
            str(c["step"]),
            c["written"].replace("T", " "),
            size_text(c["bytes"]),
            Path(c["path"]).name,
        )
        for c in checkpoints
    ]
    return table(("step", "written", "size", "name"), rows, right=("step", "size"))


def list_facts(model_dir: Path) -> list[dict[str, Any]]:
    """Returns checkpoint_facts of every checkpoint in a directory, oldest first."""
    return [checkpoint_facts(info) for info in _core.list_checkpoints(str(model_dir))]
