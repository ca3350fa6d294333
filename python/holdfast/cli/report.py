"""`holdfast report`: a page about a training, from its event files, checkpoints and evaluations."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from holdfast import _core
from holdfast.cli import _output, _page, _plots
from holdfast.cli._curves import Curve, Run, read_runs
from holdfast.cli._failures import CommandError, ExitCode
from holdfast.cli._options import AsJson, Debug, guarded

_LOSSES = ("loss", "average_loss")
_SPEED = "global_step/sec"


@guarded
def report(
    model_dir: Annotated[Path, typer.Argument(help="Of the training.", show_default=False)],
    *,
    out: Annotated[Path, typer.Option(help="The page.")] = Path("report.html"),
    png: Annotated[
        Path | None, typer.Option(help="Directory for the plots as images, too.")
    ] = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Write a page about a training: loss, speed, metrics, checkpoints, model; one HTML file."""
    if not model_dir.is_dir():
        raise CommandError(
            f"report: there is no directory {str(model_dir)!r}; name the model_dir of a training",
            ExitCode.CHECKPOINT,
        )
    runs = read_runs(model_dir)
    checkpoints = _output.list_facts(model_dir)
    if not checkpoints and not any(run.curves for run in runs.values()):
        raise CommandError(
            f"report: neither checkpoints nor event files are in {str(model_dir)!r}; train first",
            ExitCode.CHECKPOINT,
        )
    figures = _figures(runs, checkpoints)
    parts = _parts(runs, checkpoints, figures)
    out.write_text(_page.page(f"Training in {_output.plain(str(model_dir))}", parts), "utf-8")
    images = []
    if png is not None:
        png.mkdir(parents=True, exist_ok=True)
        for name, figure in figures.items():
            images.append(png / f"{re.sub('[^A-Za-z0-9]+', '-', name)}.png")
            _plots.save_png(figure, images[-1])
    facts = {
        "page": str(out),
        "images": [str(path) for path in images],
        "problems": [problem for run in runs.values() for problem in run.problems],
    }
    if as_json:
        _output.print_json(facts)
        return
    console = _output.console()
    for path in (out, *images):
        _output.say(console, f"written: {path}")


def _figures(runs: dict[str, Run], checkpoints: list[dict[str, Any]]) -> dict[str, Any]:
    """Returns the plots by name; evaluations stand beside the training where both have a tag."""
    figures = {}
    training = runs["training"].curves
    for tag in _LOSSES:
        curves = {name: run.curves[tag] for name, run in runs.items() if tag in run.curves}
        if curves:
            figures[tag] = _plots.plot_curves(tag, curves, log_scale=True)
    if _SPEED in training:
        figures["steps per second"] = _plots.plot_curves(
            "Steps per second", {_SPEED: training[_SPEED]}
        )
    for tag in sorted({tag for run in runs.values() for tag in run.curves} - {*_LOSSES, _SPEED}):
        curves = {name: run.curves[tag] for name, run in runs.items() if tag in run.curves}
        figures[tag] = _plots.plot_curves(tag, curves)
    if checkpoints:
        figures["checkpoints"] = _plots.plot_checkpoints(
            [facts["step"] for facts in checkpoints], [facts["bytes"] for facts in checkpoints]
        )
    return figures


def _parts(
    runs: dict[str, Run], checkpoints: list[dict[str, Any]], figures: dict[str, Any]
) -> list[str]:
    drawn = {name: _plots.svg(figure) for name, figure in figures.items()}
    timeline = drawn.pop("checkpoints", None)
    parts = [_page.note(f"Written by holdfast {_core.version()} on {time.strftime('%Y-%m-%d')}.")]
    parts += [_page.note(problem, "problem") for run in runs.values() for problem in run.problems]
    if drawn:
        parts += [_page.heading("Training and evaluation"), _page.plots(drawn.values())]
    metrics = _metrics(runs)
    if metrics:
        parts += [
            _page.heading("Last evaluation"),
            _page.table(("evaluation", "metric", "value", "step"), metrics, ("value", "step")),
        ]
    if timeline is not None:
        parts += [_page.heading("Checkpoints"), _page.plots([timeline])]
        parts.append(_checkpoint_table(checkpoints, runs["training"].saves))
        parts += [_page.heading("Model"), *_model(checkpoints[-1]["path"])]
    return parts


def _metrics(runs: dict[str, Run]) -> list[tuple[str, str, str, str]]:
    def last(curve: Curve) -> tuple[str, str]:
        return f"{curve.values[-1]:.6g}", str(curve.steps[-1])

    return [
        (name, tag, *last(curve))
        for name, run in runs.items()
        if name != "training"
        for tag, curve in sorted(run.curves.items())
    ]


def _checkpoint_table(checkpoints: list[dict[str, Any]], saves: list[tuple[int, float]]) -> str:
    rows = [
        (
            str(facts["step"]),
            facts["written"].replace("T", " "),
            _output.size_text(facts["bytes"]),
            Path(facts["path"]).name,
        )
        for facts in checkpoints
    ]
    shown = _page.table(("step", "written", "size", "name"), rows, ("step", "size"))
    gone = len({step for step, _ in saves} - {facts["step"] for facts in checkpoints})
    return shown + _page.note(f"{gone} more were written and have been deleted since.")


def _model(path: str) -> list[str]:
    """Returns the variables of a checkpoint, by layer, in the order in which they are stored."""
    boxes: dict[str, list[Any]] = {}
    for tensor in _core.CheckpointReader(path).tensors:
        if tensor.role == "variable":
            layer, _, _ = tensor.name.rpartition("/")
            boxes.setdefault(layer or tensor.name, []).append(tensor)
    drawn, total = [], 0
    for layer, tensors in sorted(boxes.items(), key=lambda item: _natural(item[0])):
        count = sum(_size(tensor.shape) for tensor in tensors)
        total += count
        held = ", ".join(f"{tensor.name.rpartition('/')[2]} {tensor.shape}" for tensor in tensors)
        drawn.append((layer, f"{held}: {count:,} numbers"))
    return [_page.note(f"{total:,} trained numbers, by layer."), _page.layers(drawn)]


def _natural(name: str) -> list[Any]:
    """Returns a key that puts layer_2 before layer_10."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def _size(shape: list[int]) -> int:
    size = 1
    for side in shape:
        size *= side
    return size
