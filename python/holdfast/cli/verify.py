"""`holdfast verify`: every byte of a checkpoint, or of all checkpoints of a model_dir."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from holdfast import _core, errors
from holdfast.cli import _output
from holdfast.cli._failures import ExitCode
from holdfast.cli._options import AsJson, Debug, guarded
from holdfast.train._checkpoints import checkpoint_path


@guarded
def verify(
    path: Annotated[Path, typer.Argument(help="A model_dir, or one checkpoint in it.")],
    *,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Read every byte of a checkpoint, or of all checkpoints of a directory."""
    if checkpoint_path(path) == str(path):
        results = [_check(str(path))]
    else:
        results = [_check(info.path) for info in _core.list_checkpoints(str(path))]
        results += [_problem(p.path, p.reason) for p in _core.checkpoint_problems(str(path))]
    whole = all(result["problem"] is None for result in results)
    if as_json:
        _output.print_json({"whole": whole, "checkpoints": results})
    else:
        out = _output.console()
        for result in results:
            if result["problem"] is None:
                size = _output.size_text(result["bytes"])
                out.print(f"{result['path']}: whole, {size} verified")
            else:
                out.print(f"{result['path']}: DAMAGED: {result['problem']}")
    if not whole:
        raise typer.Exit(ExitCode.CHECKPOINT)


def _check(path: str) -> dict[str, Any]:
    try:
        reader = _core.CheckpointReader(path)
        reader.verify()
    except errors.OpError as error:
        return _problem(path, str(error))
    return {"path": path, "step": reader.info.step, "bytes": reader.info.bytes, "problem": None}


def _problem(path: str, reason: str) -> dict[str, Any]:
    return {"path": path, "step": None, "bytes": None, "problem": reason}
