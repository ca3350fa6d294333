"""Draws what growth.py has measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import agreement
import matplotlib

matplotlib.use("Agg")  # no display is needed

from matplotlib import pyplot

_OURS = "#2f8ca3"


def _panel(axes: Any, curve: dict[str, Any], flops: dict[str, float]) -> None:
    """Draws the time of a step of each side, and the time its multiply-adds take at the peak."""
    points = [point for point in curve["points"] if point["lines"]]
    sides = dict.fromkeys(line["side"] for point in points for line in point["lines"])
    for side in sides:
        drawn = [
            (point["x"], 1e3 / line["steps_per_second"])
            for point in points
            for line in point["lines"]
            if line["side"] == side
        ]
        style: dict[str, Any] = {"linewidth": 1, "markersize": 3}
        if side == agreement.OURS:
            style = {"color": _OURS, "linewidth": 2, "markersize": 4, "zorder": 3}
        axes.plot(*zip(*drawn, strict=True), marker="o", label=side, **style)
    by_threads = curve["key"] in ("mnist", "higgs")
    if flops["flops_all"]:
        xs = [point["x"] for point in points]
        rates = [flops["flops_one"] * x if by_threads else flops["flops_all"] for x in xs]
        least = [2e3 * p["multiply_adds"] / rate for p, rate in zip(points, rates, strict=True)]
        axes.plot(xs, least, color="black", linestyle="--", linewidth=0.8, label="at the FMA peak")
    few = by_threads or curve["key"] == "depth"
    axes.set_xscale("log", base=2 if few else 10)
    axes.set_yscale("log")
    if few:
        axes.set_xticks([p["x"] for p in points], [str(p["x"]) for p in points])
    axes.set_xlabel(curve["label"], fontsize=8)
    axes.set_ylabel("milliseconds a step", fontsize=8)
    axes.tick_params(which="both", labelsize=7)
    axes.grid(alpha=0.3, linewidth=0.5)
    axes.legend(fontsize=7, frameon=False)
    axes.spines[["top", "right"]].set_visible(False)


def draw(curves: list[dict[str, Any]], flops: dict[str, float], path: Path) -> None:
    """Writes a PNG with a panel for each curve that has points."""
    shown = [curve for curve in curves if any(point["lines"] for point in curve["points"])]
    columns = min(3, len(shown))
    rows = -(-len(shown) // columns)
    figure, grid = pyplot.subplots(rows, columns, figsize=(4 * columns, 3.2 * rows), squeeze=False)
    for axes in grid.flat[len(shown) :]:
        axes.set_visible(False)
    for axes, curve in zip(grid.flat, shown, strict=False):
        _panel(axes, curve, flops)
    figure.tight_layout()
    figure.savefig(path, dpi=150)
    pyplot.close(figure)
