"""`holdfast export`: from checkpoints to a model that predicts without training code."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from holdfast import saved_model, train
from holdfast.cli import _model, _output
from holdfast.cli._description import require_description
from holdfast.cli._exports import receiver_fn
from holdfast.cli._options import AsJson, CheckpointPath, Debug, guarded


@guarded
def export(
    model_dir: Annotated[Path, typer.Argument(help="Directory of the checkpoints.")],
    *,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Where exports go. [default: MODEL_DIR/export]"),
    ] = None,
    checkpoint: CheckpointPath = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Export a model for predicting, from Python and C++; prints the path of its directory."""
    description = require_description(model_dir)
    estimator = _model.make_estimator(description, model_dir, class_names=True)
    path = os.fsdecode(
        estimator.export_saved_model(
            out or model_dir / "export", receiver_fn(description), checkpoint_path=checkpoint
        )
    )
    model = saved_model.load(path)
    size = sum(file.stat().st_size for file in Path(path).iterdir())
    if as_json:
        _output.print_json(
            {
                "model_dir": str(model_dir),
                "checkpoint": str(checkpoint or train.latest_checkpoint(str(model_dir))),
                "export": path,
                "step": model.global_step,
                "signatures": sorted(model.signatures),
                "bytes": size,
            }
        )
        return
    out_console = _output.console()
    _output.say(out_console, path)
    _output.say(
        out_console,
        f"step {model.global_step}, {_output.size_text(size)}, signatures: "
        f"{', '.join(sorted(model.signatures))}; try: holdfast predict {path} ROWS.csv",
    )
