"""How the time of a step grows: with the batch, the width, the depth, a table's rows, the threads.

One number changes, the others stay. Every point is the median of a few turns of a training in
`Estimator.train`; rivals are asked for by name (`--sides holdfast,torch`), and are slower to
set up than to measure. Writes growth.json and growth.png.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import agreement
import machine
import peak
import peers
import turns
from workloads import WORKLOADS, Workload, multiply_adds, write

try:
    import growth_plots as plots
except ImportError:
    plots = None  # type: ignore[assignment]

CHECK_STEPS = 3
_SECONDS = 0.15  # of a turn
# 128 numbers in one column, two hidden layers of 256, 10 classes, batch 256.
BASE = Workload("growth", "128-256-256-10, batch 256", 128, (256, 256), 10, 8192, 256, 1e-4)


@dataclasses.dataclass(frozen=True)
class Curve:
    """One number that grows, and the workloads it makes."""

    key: str
    label: str
    points: tuple[int, ...]

    def workload(self, x: int) -> Workload:
        """Returns the workload at a point."""
        if self.key == "batch":
            return dataclasses.replace(BASE, batch=x, rows=max(BASE.rows, x))
        if self.key == "width":
            return dataclasses.replace(BASE, hidden=(x, x))
        if self.key == "depth":
            return dataclasses.replace(BASE, hidden=(128,) * x)
        if self.key == "table":
            return dataclasses.replace(BASE, categorical=1, buckets=x, dimension=8)
        return next(one for one in WORKLOADS if one.key == self.key)


def curves(quick: bool, cores: int) -> list[Curve]:
    """Returns what is measured. quick: without the points that take longest."""
    threads = tuple(sorted({*(2**i for i in range(cores.bit_length()) if 2**i <= cores), cores}))
    batches = (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536)
    widths = (8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)
    tables = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
    return [
        Curve("batch", f"rows of a batch ({BASE.name.split(',')[0]})", batches),
        Curve("width", "units of both hidden layers (batch 256)", widths[: 9 if quick else 10]),
        Curve("depth", "hidden layers of 128 units (batch 256)", (1, 2, 4, 8, 16, 32)),
        Curve("table", "rows of an embedding table (batch 256)", tables[: 4 if quick else 5]),
        Curve("mnist", "threads, MNIST-like", threads),
        Curve("higgs", "threads, HIGGS-like", threads),
    ]


class Growth:
    """Servers by their number of threads, started when first needed."""

    def __init__(self, pythons: dict[str, str | None], folder: Path, rounds: int) -> None:
        self._pythons = pythons
        self._folder = folder
        self._rounds = rounds
        self._servers: dict[int, list[peers.Server]] = {}
        self.absent: list[str] = []
        self.wrong: list[str] = []

    def _at(self, threads: int) -> list[peers.Server]:
        if threads not in self._servers:
            self._servers[threads], absent = peers.start(self._pythons, (threads,))
            self.absent += [text for text in absent if text not in self.absent]
        return self._servers[threads]

    def point(self, workload: Workload, threads: int) -> list[dict[str, Any]]:
        """Returns a line for each side at one point."""
        write(workload, self._folder / "point")
        opened, absent = agreement.open_sides(
            self._at(threads), self._folder / "point", CHECK_STEPS
        )
        right, _, wrong = agreement.compare(opened)
        self.absent += [text for text in absent if text not in self.absent]
        self.wrong += wrong
        lines = turns.take(right, self._rounds, _SECONDS, agreement.OURS)
        agreement.close_sides(opened)
        return [line.as_json() for line in lines]

    def close(self) -> None:
        """Ends the servers."""
        for servers in self._servers.values():
            for server in servers:
                server.close()


def measure(growth: Growth, curve: Curve, cores: int) -> dict[str, Any]:
    """Returns the points of a curve; prints each."""
    by_threads = curve.key in ("mnist", "higgs")
    points = []
    for x in curve.points:
        workload = curve.workload(x)
        lines = growth.point(workload, x if by_threads else cores)
        points.append({"x": x, "multiply_adds": multiply_adds(workload), "lines": lines})
        shown = ", ".join(f"{one['side']} {1e6 / one['steps_per_second']:,.0f}" for one in lines)
        print(f"  {x:>10,}  microseconds a step: {shown}", flush=True)
    return {"key": curve.key, "label": curve.label, "points": points}


def parse() -> argparse.Namespace:
    """Returns the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--full", action="store_true", help="with width 4,096, tables of 10^7 rows")
    keys = tuple(curve.key for curve in curves(True, 1))
    sides = ("holdfast", "torch", "tensorflow")
    for option, names, default in (("--only", keys, keys), ("--sides", sides, sides[:1])):
        parser.add_argument(
            option,
            type=functools.partial(peers.known, names=names),
            default=default,
            help=f"some of {','.join(names)}, with commas (without it: {','.join(default)})",
        )
    parser.add_argument("--rounds", type=int, default=3, help="turns of each side at each point")
    parser.add_argument("--torch", metavar="PYTHON", help="an interpreter with torch")
    parser.add_argument("--tensorflow", metavar="PYTHON", help="an interpreter with tensorflow")
    parser.add_argument("--output", type=Path, default=Path("compare"), help="folder for results")
    return parser.parse_args()


def main() -> int:
    """Measures and prints every curve; returns 1 if a side gave a wrong answer."""
    arguments = parse()
    started = time.perf_counter()
    cores = int(machine.facts()["cores usable"])
    pythons = {name: getattr(arguments, name, None) for name in arguments.sides}
    found = []
    with tempfile.TemporaryDirectory(prefix="holdfast-growth-") as folder:
        flops = peak.Peak(Path(folder), cores).measure()
        about = machine.facts(threads=f"{cores}, but for the curves of threads")
        for name, value in about.items():
            print(f"{name}: {value}")
        growth = Growth(pythons, Path(folder), arguments.rounds)
        for curve in curves(not arguments.full, cores):
            if curve.key in arguments.only:
                print(curve.label, flush=True)
                found.append(measure(growth, curve, cores))
        growth.close()
    for text in [*growth.absent, *growth.wrong]:
        print(text)
    arguments.output.mkdir(parents=True, exist_ok=True)
    kept = {"machine": about, "peak": flops, "curves": found}
    (arguments.output / "growth.json").write_text(json.dumps(kept, indent=1))
    if plots is None:
        print("no plot: matplotlib is not installed (pip install '.[bench]')")
    else:
        plots.draw(found, flops, arguments.output / "growth.png")
    print(f"written to {arguments.output}/ after {time.perf_counter() - started:.0f} s")
    return 1 if growth.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
