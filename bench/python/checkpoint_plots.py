"""Draws what checkpoint.py has measured."""

from __future__ import annotations

import statistics
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # no display is needed

from matplotlib import pyplot

_OURS, _THEIRS = "#5fb3c8", "#b8b8b8"


def bars(title: str, seconds: dict[str, list[float]], path: Path) -> None:
    """Writes a PNG: the median of each side as a bar, its fastest and slowest as a whisker."""
    names = list(seconds)
    medians = [1e3 * statistics.median(seconds[name]) for name in names]
    below = [m - 1e3 * min(seconds[name]) for m, name in zip(medians, names, strict=True)]
    above = [1e3 * max(seconds[name]) - m for m, name in zip(medians, names, strict=True)]
    figure, axes = pyplot.subplots(figsize=(7, 0.6 + 0.5 * len(names)))
    colours = [_OURS if name.startswith("holdfast") else _THEIRS for name in names]
    drawn = axes.barh(names, medians, xerr=[below, above], color=colours, capsize=3)
    axes.bar_label(drawn, [f"{m:.1f}" for m in medians], label_type="center", color="black")
    axes.invert_yaxis()
    axes.set_xlabel("milliseconds, median and range")
    axes.set_title(title, loc="left", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(path, dpi=150)
    pyplot.close(figure)
