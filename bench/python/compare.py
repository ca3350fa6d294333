"""Compares whole training steps with every rival that is installed, and holds them to bars.

Each side runs in a process of its own, and the sides take turns. Before a workload is timed, all
sides train the same steps from the same weights, and their losses are compared. The machine's FMA
peak is measured in every round. Writes compare.json, compare.md and compare.png.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import agreement
import compare_table as table
import machine
import peak
import peers
import turns
import workloads

try:
    import compare_plots as plots
except ImportError:
    plots = None  # type: ignore[assignment]

LIBRARIES = ("holdfast", "torch", "tensorflow", "keras", "sklearn", "openblas")
KEYS = tuple(workload.key for workload in workloads.WORKLOADS)
CHECK_STEPS = 10


class Comparison:
    """The servers and the settings of a run."""

    def __init__(self, arguments: argparse.Namespace, folder: Path) -> None:
        self.threads = tuple(int(n) for n in arguments.threads.split(","))
        self.rounds = arguments.rounds or (3 if arguments.quick else 7)
        self.seconds = arguments.seconds or (0.3 if arguments.quick else 0.7)
        self.folder = folder
        self.peak = peak.Peak(folder, max(self.threads))
        pythons = {name: getattr(arguments, name, None) for name in arguments.sides}
        if "keras" in pythons:
            pythons["keras"] = arguments.tensorflow  # one package holds both
        self.servers, self.absent = peers.start(pythons, self.threads)
        self.wrong: list[str] = []

    def versions(self) -> dict[str, str]:
        """Returns the version of each library that runs."""
        return {server.library: server.version for server in self.servers}

    def close(self) -> None:
        """Ends the servers."""
        for server in self.servers:
            server.close()

    def _say(self, text: str) -> None:
        print(f"  {text}", flush=True)

    def _checked(self, opened: agreement.Opened) -> list[peers.Side]:
        """Returns the sides that compute the same; names the others, which are not timed."""
        right, agreeing, wrong = agreement.compare(opened)
        shown = ", ".join(f"{name} {worst:.0e}" for name, worst in agreeing.items())
        self._say(f"losses agree (steps compared): {shown}")
        for text in wrong:
            self._say(text)
        self.wrong += wrong
        return right

    def run(self, workload: workloads.Workload) -> dict[str, Any]:
        """Returns the lines of a workload, the peak while they were measured, and the verdicts."""
        folder = self.folder / workload.key
        workloads.write(workload, folder)
        started = time.perf_counter()
        opened, absent = agreement.open_sides(self.servers, folder, CHECK_STEPS)
        for text in absent:
            self._say(text)
        self.wrong += [text for text in absent if peers.FAILED in text]
        right = self._checked(opened)
        ready = time.perf_counter()
        peaks: list[dict[str, float]] = []
        lines = turns.take(
            right,
            self.rounds,
            self.seconds,
            agreement.OURS,
            lambda: peaks.append(self.peak.measure()),
        )
        timed = time.perf_counter()
        agreement.close_sides(opened)
        self._say(f"{ready - started:.0f} s to build and check, {timed - ready:.0f} s to time")
        shown = [line.as_json() for line in lines]
        flops = {key: statistics.median(one[key] for one in peaks) for key in peaks[0]}
        count = workloads.multiply_adds(workload)
        return {
            "key": workload.key,
            "name": workload.name,
            "multiply_adds": count,
            "peak": flops["flops_all"],
            "peak_of_one_core": flops["flops_one"],
            "lines": shown,
            "verdicts": table.verdicts(workload.key, shown, count, flops["flops_all"]),
        }


def text_of(about: dict[str, str], absent: list[str], results: list[dict[str, Any]]) -> str:
    """Returns the whole report in Markdown."""
    parts = ["\n".join(f"- {name}: {value}" for name, value in about.items())]
    parts += [f"missing: {text}" for text in absent]
    parts.append(table.summary(results))
    for result in results:
        parts.append(f"### {result['name']}")
        parts.append(
            f"{result['multiply_adds'] / 1e6:,.1f} million multiply-adds a step; FMA peak "
            f"{result['peak'] / 1e9:.1f} GFLOP/s on both cores, "
            f"{result['peak_of_one_core'] / 1e9:.1f} on one"
        )
        parts.append(table.details(result))
        parts.append("\n".join(f"- {table.verdict_text(one)}" for one in result["verdicts"]))
    return "\n\n".join(parts) + "\n"


def parse() -> argparse.Namespace:
    """Returns the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="3 rounds of short turns")
    parser.add_argument("--rounds", type=int, help="turns of each side (7; quick: 3)")
    parser.add_argument("--seconds", type=float, help="of a turn (0.7; quick: 0.3)")
    parser.add_argument("--threads", default="1,2", help="numbers to try, of which the best counts")
    for option, names, what in (("--only", KEYS, "workloads"), ("--sides", LIBRARIES, "libraries")):
        parser.add_argument(
            option,
            type=functools.partial(peers.known, names=names),
            default=names,
            help=f"{what}, with commas ({','.join(names)})",
        )
    for library in ("torch", "tensorflow", "sklearn"):
        parser.add_argument(f"--{library}", metavar="PYTHON", help=f"an interpreter with {library}")
    parser.add_argument("--output", type=Path, default=Path("compare"), help="folder for results")
    return parser.parse_args()


def main() -> int:
    """Measures, prints and writes everything; returns 1 if a side gave a wrong answer."""
    arguments = parse()
    warning = machine.warning()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="holdfast-compare-") as folder:
        comparison = Comparison(arguments, Path(folder))
        bandwidth = comparison.peak.measure(bandwidth=True)
        about = machine.facts(
            scheduling="real-time" if os.sched_getscheduler(0) else "normal",
            threads=f"the better of {arguments.threads} for each side",
            rounds=f"{comparison.rounds} of {comparison.seconds} s a side",
            bandwidth=f"{bandwidth['bandwidth_all'] / 1e9:.1f} GB/s, "
            f"one core {bandwidth['bandwidth_one'] / 1e9:.1f}",
            **comparison.versions(),
        )
        for name, value in about.items():
            print(f"{name}: {value}")
        for text in comparison.absent:
            print(f"missing: {text}")
        if warning:
            about["WARNING"] = warning
            print(f"WARNING: {warning}")
        results = []
        for workload in workloads.WORKLOADS:
            if workload.key in arguments.only:
                print(f"\n{workload.name}", flush=True)
                results.append(comparison.run(workload))
                print(table.details(results[-1]))
                for verdict in results[-1]["verdicts"]:
                    print(f"  {table.verdict_text(verdict)}", flush=True)
        comparison.close()
    arguments.output.mkdir(parents=True, exist_ok=True)
    kept = {"machine": about, "bandwidth": bandwidth, "results": results}
    (arguments.output / "compare.json").write_text(json.dumps(kept, indent=1))
    (arguments.output / "compare.md").write_text(text_of(about, comparison.absent, results))
    if plots is None:
        print("no plot: matplotlib is not installed (pip install '.[bench]')")
    else:
        plots.draw(results, arguments.output / "compare.png")
    print(f"\nwritten to {arguments.output}/ after {time.perf_counter() - started:.0f} s")
    for text in comparison.wrong:
        print(f"NOT COMPARED: {text}")
    return 1 if comparison.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
