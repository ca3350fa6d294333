"""Draws the roofline of the kernels: their speed beside what the core and its memory allow.

Runs the C++ benchmarks it is given (kernels_bench, elementwise_bench) and reads their lines. A
point lies at its operations for each byte that must move at least once, and at its speed on one
thread. Writes roofline.json and roofline.png.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import machine
import peak

from holdfast import _core

try:
    import roofline_plot as plot
except ImportError:
    plot = None  # type: ignore[assignment]

_PRODUCT = re.compile(
    r"(?P<isa>\w+)\s+(?P<layer>\S.*?)\s+(?P<m>\d+) x\s+(?P<k>\d+) x\s+(?P<n>\d+)\s+"
    r"(?P<kernel>forward|grad_input|grad\+adagrad)\s+(?P<us>[\d.]+) us"
)
_PASS = re.compile(
    r"(?P<isa>\w+)\s+(?P<kernel>\S.*?)\s+(?:1 thread\s+)?(?P<ns>[\d.]+) ns an element"
)
# Operations and bytes of one element, counted in the definitions of kernels.h; a square root
# and a division are one operation each.
_PASSES = {
    "relu in place": (1, 8),
    "adagrad_update": (6, 20),
    "gradient_descent_update": (2, 12),
}


@dataclasses.dataclass(frozen=True)
class Point:
    """One kernel at one shape."""

    name: str
    kernel: str
    operations: float
    bytes: float
    seconds: float

    @property
    def intensity(self) -> float:
        """Operations for each byte."""
        return self.operations / self.bytes

    @property
    def speed(self) -> float:
        """Operations a second."""
        return self.operations / self.seconds


@dataclasses.dataclass(frozen=True)
class Roof:
    """What one core can do at most."""

    flops: float  # operations a second
    bandwidth: float  # bytes a second

    def at(self, intensity: float) -> float:
        """Returns the operations a second that are possible at so many for each byte."""
        return min(self.flops, intensity * self.bandwidth)


def bytes_of(kernel: str, m: int, k: int, n: int) -> int:
    """Returns the bytes that a product must move, each operand once. x [m, k], w [k, n], y [m, n].

    forward reads x, w and writes y; grad_input reads dy, w and the x of the ReLU below, and writes
    dx; grad+adagrad reads x and dy, and reads and writes w and its accumulators.
    """
    floats = {
        "forward": m * k + k * n + m * n,
        "grad_input": m * n + k * n + 2 * m * k,
        "grad+adagrad": m * k + m * n + 4 * k * n,
    }
    return 4 * floats[kernel]


def read(text: str, isa: str) -> list[Point]:
    """Returns what the lines of the benchmarks say of one instruction set, on one thread."""
    points: dict[tuple[str, str], Point] = {}  # where two programs measure one, the last counts
    for line in text.splitlines():
        if (match := _PRODUCT.match(line)) and match["isa"] == isa:
            m, k, n = int(match["m"]), int(match["k"]), int(match["n"])
            moved = bytes_of(match["kernel"], m, k, n)
            seconds = 1e-6 * float(match["us"])
            point = Point(match["layer"], match["kernel"], 2.0 * m * k * n, moved, seconds)
            points[point.name, point.kernel] = point
        elif (match := _PASS.match(line)) and match["isa"] == isa and match["kernel"] in _PASSES:
            operations, moved = _PASSES[match["kernel"]]
            seconds = 1e-9 * float(match["ns"])
            point = Point("64 MiB", match["kernel"], operations, moved, seconds)
            points[point.name, point.kernel] = point
    return list(points.values())


def parse() -> argparse.Namespace:
    """Returns the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("programs", type=Path, nargs="+", help="as build/bench/cpp/kernels_bench")
    parser.add_argument("--output", type=Path, default=Path("compare"), help="folder for results")
    return parser.parse_args()


def main() -> int:
    """Runs the programs; prints, draws and writes the points."""
    arguments = parse()
    isa = _core.isa()
    text = ""
    for program in arguments.programs:
        run = subprocess.run([program, isa], check=True, stdout=subprocess.PIPE, text=True)
        text += run.stdout
    points = read(text, isa)
    if not points:
        print(f"no line of the output is about {isa}:\n{text}", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="holdfast-roofline-") as folder:
        most = peak.Peak(Path(folder), 1).measure(bandwidth=True)
    roof = Roof(most["flops_one"], most["bandwidth_one"])
    for name, value in machine.facts(threads="1").items():
        print(f"{name}: {value}")
    print(f"roof: {roof.flops / 1e9:.1f} GFLOP/s, {roof.bandwidth / 1e9:.1f} GB/s")
    for point in points:
        print(
            f"  {point.name:<14} {point.kernel:<24} {point.intensity:8.2f} operations a byte "
            f"{point.speed / 1e9:8.1f} GFLOP/s, "
            f"{point.speed / roof.at(point.intensity):.2f} of the roof"
        )
    arguments.output.mkdir(parents=True, exist_ok=True)
    shown = [dataclasses.asdict(point) for point in points]
    kept = {"isa": isa, "roof": dataclasses.asdict(roof), "points": shown}
    (arguments.output / "roofline.json").write_text(json.dumps(kept, indent=1))
    if plot is None:
        print("no plot: matplotlib is not installed (pip install '.[bench]')")
    else:
        plot.draw(points, roof, f"{isa}, one thread", arguments.output / "roofline.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
