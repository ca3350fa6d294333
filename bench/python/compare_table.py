"""What compare.py's numbers say: the best of each side, shares of the peak, bars, and tables.

Pure functions of numbers; tests/python/test_bench_table.py works them out by hand.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from agreement import ALONE, OURS

_SHARE, _PEER, _THREADS = "share of FMA peak", "best peer", "holdfast on one thread"


@dataclasses.dataclass(frozen=True)
class Bar:
    """What must be reached: a share of the FMA peak, or so many times another side's speed."""

    against: str
    at_least: float


BARS = {
    "iris": (Bar("PyTorch eager", 60), Bar("TF Estimator", 80)),
    "higgs": (Bar(_SHARE, 0.80), Bar(_PEER, 1.5), Bar("TF Estimator", 5), Bar(_THREADS, 1.85)),
    "mnist": (Bar(_SHARE, 0.80), Bar(_PEER, 1.35), Bar("TF Estimator", 1.5), Bar(_THREADS, 1.85)),
    "criteo": (Bar(_SHARE, 0.65), Bar(_PEER, 1.6), Bar("TF Estimator", 2.5)),
}

Lines = list[dict[str, Any]]


def share(steps_per_second: float, multiply_adds: int, peak: float) -> float | None:
    """Returns the share of a peak, in floating-point operations a second; None without a peak."""
    return 2 * multiply_adds * steps_per_second / peak if peak else None


def best_of(lines: Lines) -> dict[str, dict[str, Any]]:
    """Returns the fastest line of each side, by side."""
    best: dict[str, dict[str, Any]] = {}
    for line in lines:
        side = line["side"]
        if side not in best or line["steps_per_second"] > best[side]["steps_per_second"]:
            best[side] = line
    return best


def best_peer(best: dict[str, dict[str, Any]]) -> str | None:
    """Returns the name of the fastest side that trains and is not ours."""
    peers = [name for name in best if name not in (OURS, ALONE)]
    return max(peers, key=lambda name: best[name]["steps_per_second"], default=None)


def _figure(bar: Bar, lines: Lines, multiply_adds: int, peak: float) -> float | None:
    best = best_of(lines)
    if OURS not in best:
        return None
    ours = best[OURS]["steps_per_second"]
    if bar.against == _SHARE:
        return share(ours, multiply_adds, peak)
    if bar.against == _THREADS:
        own = {line["threads"]: line["steps_per_second"] for line in lines if line["side"] == OURS}
        return own[2] / own[1] if {1, 2} <= set(own) else None
    other = best_peer(best) if bar.against == _PEER else bar.against
    return ours / best[other]["steps_per_second"] if other in best else None


def verdicts(key: str, lines: Lines, multiply_adds: int, peak: float) -> list[dict[str, Any]]:
    """Returns each bar of a workload with its figure and "ok", "below" or "not measured"."""
    found = []
    for bar in BARS.get(key, ()):
        figure = _figure(bar, lines, multiply_adds, peak)
        verdict = "not measured" if figure is None else "ok" if figure >= bar.at_least else "below"
        found.append(
            {
                "against": bar.against,
                "figure": figure,
                "at_least": bar.at_least,
                "verdict": verdict,
            }
        )
    return found


def number(value: float) -> str:
    """Returns steps/s for a table: no decimals from 1,000 on, one above 10, two below."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def verdict_text(verdict: dict[str, Any]) -> str:
    """Returns a bar in words, as in "best peer: 1.62 x (bar 1.5 x): ok"."""
    unit = "" if verdict["against"] == _SHARE else " x"
    figure = "-" if verdict["figure"] is None else f"{verdict['figure']:.2f}{unit}"
    bar = f"{verdict['at_least']:g}{unit}"
    return f"{verdict['against']}: {figure} (bar {bar}): {verdict['verdict']}"


def details(result: dict[str, Any]) -> str:
    """Returns a Markdown table of every side of one workload, fastest first."""
    rows = [
        "| side | threads | steps/s | slowest to fastest round | share of FMA peak | holdfast is |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    ours = best_of(result["lines"]).get(OURS)
    for line in sorted(result["lines"], key=lambda one: -one["steps_per_second"]):
        speed = line["steps_per_second"]
        part = share(speed, result["multiply_adds"], result["peak"])
        ratio = f"{ours['steps_per_second'] / speed:.2f} x" if ours else "-"
        rows.append(
            f"| {line['side']} | {line['threads']} | {number(speed)} "
            f"| {number(line['slowest'])} to {number(line['fastest'])} "
            f"| {'-' if part is None else f'{part:.2f}'} | {ratio} |"
        )
    return "\n".join(rows)


def summary(results: list[dict[str, Any]]) -> str:
    """Returns a Markdown table with a row for each workload, for a README."""
    rows = [
        "| network | holdfast, steps/s | share of FMA peak | best peer | TF 2.15 Estimator |",
        "| --- | --- | --- | --- | --- |",
    ]
    for result in results:
        best = best_of(result["lines"])
        if OURS not in best:
            rows.append(f"| {result['name']} | - | - | - | - |")
            continue
        ours = best[OURS]["steps_per_second"]
        part = share(ours, result["multiply_adds"], result["peak"])
        cells = []
        for other in (best_peer(best), "TF Estimator"):
            if other not in best:
                cells.append("-")
                continue
            theirs = best[other]["steps_per_second"]
            named = "" if other == "TF Estimator" else f"{other} "
            cells.append(f"{named}{number(theirs)}: {ours / theirs:.2f} x")
        rows.append(
            f"| {result['name']} | {number(ours)} | {'-' if part is None else f'{part:.2f}'} "
            f"| {cells[0]} | {cells[1]} |"
        )
    return "\n".join(rows)
