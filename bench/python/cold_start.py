"""How long until a new process has predicted its first row: start, load, predict, exit.

The Iris export of tests/embed, by the C++ example predict_iris and by a Python that imports
holdfast.saved_model alone; beside them a Python that imports numpy and does nothing, the part of it
that is not holdfast's. Processes take turns; files are in the page cache. predict.py runs this too.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[2]
EXPORT = _ROOT / "tests" / "embed" / "iris_export"
_ROW = {"PetalLength": 1.4, "PetalWidth": 0.2, "SepalLength": 5.1, "SepalWidth": 3.5}
_PREDICT = f"""
import sys
from holdfast import saved_model
row = {{key: [value] for key, value in {_ROW}.items()}}
probabilities = saved_model.load(sys.argv[1])(row)["probabilities"][0]
print("probabilities:", *(f"{{float(p):.9g}}" for p in probabilities))
"""


@dataclasses.dataclass(frozen=True)
class Start:
    """A process.

    Attributes:
      name: In the table.
      command: Prints a line "probabilities: ..." if `answers`.
      at_most: Seconds that it may take; None where it is there for comparison.
      answers: Whether it predicts.
    """

    name: str
    command: tuple[str, ...]
    at_most: float | None = None
    answers: bool = True

    def run(self) -> tuple[float, str]:
        """Returns the seconds from start to exit, and the probabilities."""
        began = time.perf_counter()
        done = subprocess.run(self.command, check=True, capture_output=True, text=True)
        seconds = time.perf_counter() - began
        lines = [line for line in done.stdout.splitlines() if line.startswith("probabilities:")]
        return seconds, lines[0] if lines else ""


def starts(examples: Path) -> list[Start]:
    """Returns the processes to compare. `examples`: as build/cpp/examples."""
    row = [f"{key}={value}" for key, value in _ROW.items()]
    export = os.fspath(EXPORT)
    return [
        Start("C++ example", (str(examples / "predict_iris"), export, *row), 0.005),
        Start("Python", (sys.executable, "-c", _PREDICT, export), 0.25),
        Start("Python, numpy alone", (sys.executable, "-c", "import numpy"), answers=False),
    ]


def measure(sides: list[Start], rounds: int) -> list[dict[str, Any]]:
    """Returns median, fastest and slowest seconds of each, with the verdict where there is a bar.

    Raises: AssertionError if two sides print other probabilities.
    """
    answers = {side.name: side.run()[1] for side in sides if side.answers}  # warms the page cache
    assert len(set(answers.values())) == 1, answers
    seconds: dict[str, list[float]] = {side.name: [] for side in sides}
    for _ in range(rounds):
        for side in sides:
            seconds[side.name].append(side.run()[0])
    found = []
    for side in sides:
        taken = seconds[side.name]
        shown: dict[str, Any] = {
            "name": side.name,
            "median": statistics.median(taken),
            "fastest": min(taken),
            "slowest": max(taken),
        }
        if side.at_most is not None:
            verdict = "ok" if shown["median"] <= side.at_most else "above"
            shown |= {"bar": side.at_most, "verdict": verdict}
        found.append(shown)
    return found


def table(results: list[dict[str, Any]]) -> str:
    """Returns a Markdown table in milliseconds."""
    rows = ["| cold start | ms | fastest | slowest | |", "| --- " * 5 + "|"]
    for one in results:
        bar = f"at most {one['bar'] * 1e3:g}: {one['verdict']}" if "bar" in one else ""
        times = " | ".join(f"{one[key] * 1e3:.1f}" for key in ("median", "fastest", "slowest"))
        rows.append(f"| {one['name']} | {times} | {bar} |")
    return "\n".join(rows)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("examples", type=Path, help="as build/cpp/examples")
    parser.add_argument("--rounds", type=int, default=31)
    arguments = parser.parse_args()
    print(table(measure(starts(arguments.examples), arguments.rounds)))


if __name__ == "__main__":
    main()
