"""Draws what roofline.py has read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib

matplotlib.use("Agg")  # no display is needed

from matplotlib import pyplot

if TYPE_CHECKING:
    import roofline

_MARKERS = {"forward": "o", "grad_input": "s", "grad+adagrad": "^"}
_COLOURS = ("#2f8ca3", "#c8745f", "#7a9a3c", "#8a6fb0", "#b39a2e", "#5f6fc8", "#a34f7f", "#6b6b6b")


def _group(name: str) -> str:
    """Returns what points of one colour have in common: "mnist" of "mnist 2" and "mnist logits"."""
    first = name.split(" ")[0]
    return first if first in ("square", "mnist", "higgs", "iris") else name


def draw(points: list[roofline.Point], roof: roofline.Roof, title: str, path: Path) -> None:
    """Writes a PNG: operations a byte across, GFLOP/s up, and the two limits of the core."""
    figure, axes = pyplot.subplots(figsize=(8, 5))
    least = min(point.intensity for point in points) / 2
    most = max(point.intensity for point in points) * 2
    ridge = roof.flops / roof.bandwidth
    axes.plot(
        [least, ridge, most],
        [least * roof.bandwidth / 1e9, roof.flops / 1e9, roof.flops / 1e9],
        color="black",
        linewidth=1,
    )
    axes.text(most, roof.flops / 1e9 * 1.05, "FMA peak ", ha="right", fontsize=8)
    middle = (least * ridge) ** 0.5
    at = middle, middle * roof.bandwidth / 1e9 * 1.4
    axes.text(*at, "memory bandwidth", ha="right", fontsize=8)
    groups = list(dict.fromkeys(_group(point.name) for point in points))
    for point in points:
        group = _group(point.name)
        axes.plot(
            point.intensity,
            point.speed / 1e9,
            marker=_MARKERS.get(point.kernel, "D"),
            color=_COLOURS[groups.index(group) % len(_COLOURS)],
            markersize=5,
            linestyle="none",
        )
    for group, colour in zip(groups, _COLOURS, strict=False):
        axes.plot([], [], marker="o", linestyle="none", color=colour, label=group)
    for kernel, marker in _MARKERS.items():
        axes.plot([], [], marker=marker, linestyle="none", color="#6b6b6b", label=kernel)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("operations for each byte that must move")
    axes.set_ylabel("GFLOP/s")
    axes.set_title(f"Kernels, {title}", loc="left", fontsize=10)
    axes.legend(fontsize=7, frameon=False, loc="lower right", ncols=2)
    axes.grid(alpha=0.3, linewidth=0.5)
    axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(path, dpi=150)
    pyplot.close(figure)
