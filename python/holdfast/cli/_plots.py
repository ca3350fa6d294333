"""Plots by matplotlib, which is imported when one is drawn."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from holdfast.cli._curves import Curve
from holdfast.cli._failures import CommandError, ExitCode

_MOST_POINTS = 2000  # of a curve: more cannot be seen
_SIZE = (7.0, 3.2)  # inches
_METADATA = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)


def new_figure() -> tuple[Any, Any]:
    """Returns (figure, axes). Raises: CommandError if matplotlib is not installed."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise CommandError(
            "report: matplotlib is not installed; install it with: pip install 'holdfast[report]'",
            ExitCode.USAGE,
        ) from error
    figure = Figure(figsize=_SIZE, layout="constrained")
    axes = figure.add_subplot()
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def plot_curves(title: str, curves: Mapping[str, Curve], *, log_scale: bool = False) -> Any:
    """Returns a figure of several curves over the steps."""
    figure, axes = new_figure()
    for name, curve in curves.items():
        every = max(1, math.ceil(len(curve.steps) / _MOST_POINTS))
        marker = "o" if len(curve.steps) < 30 else None
        axes.plot(curve.steps[::every], curve.values[::every], label=name, marker=marker, ms=4)
    axes.set_title(title)
    axes.set_xlabel("step")
    positive = all(value > 0 for curve in curves.values() for value in curve.values)
    if log_scale and positive:
        axes.set_yscale("log")
    if len(curves) > 1:
        axes.legend(frameon=False)
    return figure


def plot_checkpoints(steps: Sequence[int], sizes: Sequence[int]) -> Any:
    """Returns a figure of the checkpoints that are there: size over step."""
    figure, axes = new_figure()
    axes.stem(steps, [size / 2**20 for size in sizes], basefmt=" ")
    axes.set_title("Checkpoints")
    axes.set_xlabel("step")
    axes.set_ylabel("MiB")
    axes.set_ylim(bottom=0)
    return figure


def svg(figure: Any) -> str:
    """Returns a figure as an element of an HTML page that refers to nothing outside."""
    import matplotlib

    buffer = io.StringIO()
    # Ids of an element must differ between the figures of a page, and not between two reports.
    salt = figure.axes[0].get_title()
    with matplotlib.rc_context({"svg.hashsalt": salt}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue()
    return _METADATA.sub("", text[text.index("<svg") :])


def save_png(figure: Any, path: Path) -> None:
    """Writes a figure as an image."""
    figure.savefig(path, format="png", dpi=150)
