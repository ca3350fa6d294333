"""Draws what compare.py has measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import agreement
import compare_table as table
import matplotlib

matplotlib.use("Agg")  # no display is needed

from matplotlib import pyplot

_OURS, _THEIRS, _ALONE = "#5fb3c8", "#b8b8b8", "#e4e4e4"


def _panel(axes: Any, result: dict[str, Any]) -> None:
    """Draws the best thread count of each side, and the speed at which the FMA peak is reached."""
    best = sorted(
        table.best_of(result["lines"]).values(), key=lambda line: -line["steps_per_second"]
    )
    names = [line["side"] for line in best]
    speeds = [line["steps_per_second"] for line in best]
    below = [line["steps_per_second"] - line["slowest"] for line in best]
    above = [line["fastest"] - line["steps_per_second"] for line in best]
    colour = {agreement.OURS: _OURS, agreement.ALONE: _ALONE}
    drawn = axes.barh(
        names,
        speeds,
        xerr=[below, above],
        color=[colour.get(name, _THEIRS) for name in names],
        error_kw={"elinewidth": 0.8, "capsize": 2},
    )
    axes.bar_label(drawn, [f"  {table.number(speed)}" for speed in speeds], padding=3, fontsize=8)
    limit = result["peak"] / (2 * result["multiply_adds"])
    if limit and limit < 3 * speeds[0]:
        axes.axvline(limit, color="black", linewidth=0.8, linestyle="--")
        axes.text(limit, -0.75, "FMA peak", fontsize=7, ha="center")
    axes.invert_yaxis()
    axes.set_xlim(right=1.18 * max([*speeds, limit if limit < 3 * speeds[0] else 0]))
    axes.set_title(result["name"], loc="left", fontsize=8.5, pad=14)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)


def draw(results: list[dict[str, Any]], path: Path) -> None:
    """Writes a PNG with a panel for each workload: steps a second, median and range."""
    shown = [result for result in results if result["lines"]]
    if not shown:
        return
    figure, grid = pyplot.subplots(
        (len(shown) + 1) // 2, min(2, len(shown)), figsize=(11, 3.1 * ((len(shown) + 1) // 2))
    )
    panels = grid.flat if len(shown) > 1 else [grid]
    for axes, result in zip(panels, shown, strict=False):
        _panel(axes, result)
        axes.set_xlabel("training steps a second", fontsize=8)
    for axes in list(panels)[len(shown) :]:
        axes.set_visible(False)
    figure.tight_layout()
    figure.savefig(path, dpi=150)
    pyplot.close(figure)
