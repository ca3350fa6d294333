"""How fast a loaded model answers, from Python and from C++, beside onnxruntime from Python.

Both hold the same weights; their probabilities are compared before they are timed. By
default on one thread, as in a server with a process for each core. With --examples also the cold
start of both (cold_start.py). Writes predict.json and predict.md.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import cold_start
import machine
import peers
import turns
from workloads import Workload, read, write

_OURS, _FROM_CPP = "holdfast", "holdfast, C++"
_TOLERANCE = 1e-5  # absolute, of a probability
_NETS = (
    Workload("iris", "Iris 4-10-10-3", 4, (10, 10), 3, 120, 100),
    Workload("mnist", "784-1024-1024-10", 784, (1024, 1024), 10, 4096, 256),
)


@dataclasses.dataclass(frozen=True)
class Case:
    """A network, the rows of a call, and how many times onnxruntime's speed is wanted.

    Args:
      net: Key of a network.
      batch: Rows of a call.
      at_least: From Python.
      from_cpp: From C++, onnxruntime being called from Python.
    """

    net: str
    batch: int
    at_least: float
    from_cpp: float


CASES = (
    Case("iris", 1, 2.0, 10.0),
    Case("mnist", 1, 1.2, 1.2),
    Case("mnist", 4096, 1.3, 1.3),
)


@dataclasses.dataclass(frozen=True)
class Calls:
    """A side at one batch size; its steps are calls."""

    side: peers.Side
    batch: int

    @property
    def name(self) -> str:
        return self.side.name

    @property
    def threads(self) -> int:
        return self.side.threads

    def run(self, steps: int) -> float:
        """Returns the seconds of so many calls."""
        return float(self.side.call("run", self.batch, steps))


@dataclasses.dataclass(frozen=True)
class Program:
    """bench/cpp/predict_bench on the export that holdfast's side has loaded; steps are calls."""

    path: Path
    export: str
    rows: Path
    batch: int
    threads: int = 1
    name: str = _FROM_CPP

    def answer(self, steps: int) -> dict[str, Any]:
        """Returns the probabilities of the first row, and the seconds of so many calls."""
        words = [str(one) for one in (self.path, self.export, self.rows, self.batch, steps)]
        text = subprocess.run(words, check=True, capture_output=True, text=True).stdout
        found: dict[str, Any] = json.loads(text)
        return found

    def run(self, steps: int) -> float:
        """Returns the seconds of so many calls."""
        return float(self.answer(steps)["seconds"])


def agreeing(sides: list[peers.Side], rows: int) -> tuple[list[peers.Side], list[str]]:
    """Returns the sides whose probabilities are the first one's, and a line for each other."""
    right: list[peers.Side] = []
    wrong: list[str] = []
    expected = sides[0].call("probabilities", rows)
    for side in sides:
        found = side.call("probabilities", rows)
        worst = max(
            abs(a - b)
            for row, other in zip(found, expected, strict=True)
            for a, b in zip(row, other, strict=True)
        )
        if worst <= _TOLERANCE:
            right.append(side)
            print(f"  {side.name}: probabilities agree within {worst:.0e}")
        else:
            wrong.append(f"{side.name}: WRONG, a probability is {worst:.1e} off")
    return right, wrong


def from_cpp(program: Path, right: list[peers.Side], folder: Path, batch: int) -> list[Program]:
    """Returns the C++ program on the export of holdfast's side, its answer compared; [] without.

    Raises: AssertionError if a probability of the first row is another one than from Python.
    """
    ours = [side for side in right if side.name == _OURS]
    if not ours:
        return []
    rows = folder / "rows.f32"
    read(folder)[1]["numeric"].tofile(rows)
    side = Program(program, ours[0].call("path"), rows, batch)
    expected, found = ours[0].call("probabilities", batch)[0], side.answer(0)["probabilities"]
    pairs = zip(found, expected, strict=True)
    assert all(abs(a - b) <= _TOLERANCE for a, b in pairs), f"C++: {found}, Python: {expected}"
    return [side]


def opened(servers: list[peers.Server], folder: Path) -> tuple[list[peers.Side], list[str]]:
    """Returns the sides that can hold a network, and a line for each that should and fails."""
    sides, failed = [], []
    for server in servers:
        for name in server.sides:
            try:
                sides.append(peers.Side(server, name, folder))
            except peers.AbsentError as error:
                print(f"  {error}")
                failed += [str(error)] * (peers.FAILED in str(error))
    return sides, failed


def describe(case: Case, lines: list[turns.Line]) -> dict[str, Any]:
    """Returns the lines of a case; ours with the ratio to the fastest rival, bar and verdict."""
    bars = {_OURS: case.at_least, _FROM_CPP: case.from_cpp}
    speeds = {line.side: line.median for line in lines}
    rival = max((name for name in speeds if name not in bars), key=speeds.__getitem__, default=None)
    found = []
    for line in lines:
        shown = line.as_json()
        if line.side in bars and rival is not None:
            ratio, bar = line.median / speeds[rival], bars[line.side]
            shown |= {"ratio": ratio, "bar": bar, "verdict": "ok" if ratio >= bar else "below"}
        found.append(shown)
    return {"net": case.net, "batch": case.batch, "rival": rival, "lines": found}


def table(results: list[dict[str, Any]]) -> str:
    """Returns a Markdown table: microseconds of a call and rows a second of each side."""
    names = {net.key: net.name for net in _NETS}
    rows = ["| network | rows | side | us a call | rows/s | ratio |", "| --- " * 6 + "|"]
    for result in results:
        for line in result["lines"]:
            calls = line["steps_per_second"]
            ratio = ""
            if "ratio" in line:
                bar = f"(bar {line['bar']:g} x): {line['verdict']}"
                ratio = f"{line['ratio']:.2f} x {result['rival']} {bar}"
            rows.append(
                f"| {names[result['net']]} | {result['batch']:,} | {line['side']} "
                f"| {1e6 / calls:,.2f} | {calls * result['batch']:,.0f} | {ratio} |"
            )
    return "\n".join(rows)


def parse() -> argparse.Namespace:
    """Returns the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.4, help="of a turn")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--onnxruntime", metavar="PYTHON", help="an interpreter with onnxruntime")
    parser.add_argument("--cpp", type=Path, help="as build/bench/cpp/predict_bench")
    parser.add_argument("--examples", type=Path, help="as build/cpp/examples: cold starts, too")
    parser.add_argument("--output", type=Path, default=Path("compare"), help="folder for results")
    return parser.parse_args()


def main() -> int:
    """Measures and prints every case; returns 1 if a side gave a wrong answer."""
    arguments = parse()
    pythons = {"holdfast_model": None, "onnxruntime": arguments.onnxruntime}
    servers, absent = peers.start(pythons, (arguments.threads,))
    about = machine.facts(
        threads=str(arguments.threads), **{one.library: one.version for one in servers}
    )
    for name, value in about.items():
        print(f"{name}: {value}")
    if arguments.cpp is None:
        absent.append("holdfast from C++ (--cpp build/bench/cpp/predict_bench)")
    for text in absent:
        print(f"missing: {text}")
    results: list[dict[str, Any]] = []
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(prefix="holdfast-predict-") as name:
        for net in _NETS:
            folder = Path(name) / net.key
            write(net, folder)
            print(f"\n{net.name}", flush=True)
            sides, failed = opened(servers, folder)
            right, texts = agreeing(sides, 100) if sides else ([], [])
            wrong += failed + texts
            for case in (case for case in CASES if case.net == net.key and right):
                calls: list[turns.Timed] = [Calls(side, case.batch) for side in right]
                if arguments.cpp:
                    calls += from_cpp(arguments.cpp, right, folder, case.batch)
                lines = turns.take(calls, arguments.rounds, arguments.seconds, _OURS)
                results.append(describe(case, lines))
            for side in sides:
                side.close()
    for server in servers:
        server.close()
    cold = (
        cold_start.measure(cold_start.starts(arguments.examples), rounds=31)
        if arguments.examples
        else []
    )
    shown = table(results) + "\n" + ("\n" + cold_start.table(cold) + "\n" if cold else "")
    print("\n" + shown)
    for text in wrong:
        print(text)
    arguments.output.mkdir(parents=True, exist_ok=True)
    kept = {"machine": about, "results": results, "cold_start": cold}
    (arguments.output / "predict.json").write_text(json.dumps(kept, indent=1))
    (arguments.output / "predict.md").write_text(shown)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
