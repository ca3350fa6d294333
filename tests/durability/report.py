"""Makes the README's table of recorded campaigns: `python tests/durability/report.py [--write]`.

Reads the newest line of each campaign in tests/durability/results/*.jsonl.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
README = HERE.parents[1] / "README.md"
BEGIN = "<!-- durability table: made by tests/durability/report.py -->"
END = "<!-- end of durability table -->"


def recorded(folder: Path = HERE / "results") -> list[dict[str, Any]]:
    """Returns the newest line of each campaign, in the order of ids."""
    newest: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text().splitlines():
            entry = json.loads(line)
            newest[entry["id"]] = entry
    return [newest[name] for name in sorted(newest, key=lambda name: int(name[1:]))]


def table(lines: list[dict[str, Any]]) -> str:
    """Returns the table in Markdown."""
    rows = ["| | attack | cases | violations | time |", "| --- | --- | ---: | ---: | ---: |"]
    for line in lines:
        rows.append(
            f"| {line['id']} | {line['name']} | {line['cases']:,} {line['unit']} "
            f"| {line['violations']} | {_duration(line['seconds'])} |"
        )
    return "\n".join(rows)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def replaced(text: str, made: str) -> str:
    """Returns the README with the table between its markers replaced."""
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{made}\n{END}{after}"


def main() -> int:
    """Prints the table, or writes it into the README."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--write", action="store_true", help="put it into README.md")
    made = table(recorded())
    if parser.parse_args().write:
        README.write_text(replaced(README.read_text(), made))
    else:
        print(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
