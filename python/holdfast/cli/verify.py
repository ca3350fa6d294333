"""`holdfast verify`: every byte of a checkpoint, or of all checkpoints of a model_dir."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from holdfast import _core, errors
from holdfast.cli import _output
from holdfast.cli._failures import ExitCode
from holdfast.cli._options import AsJson, Debug, guarded
from holdfast.train._checkpoints import is_checkpoint, no_checkpoint_error


@guarded
def verify(
    path: Annotated[Path, typer.Argument(help="A model_dir, or one checkpoint in it.")],
    *,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Read every byte of a checkpoint, or of all checkpoints of a directory.

    Exit code 0: all are whole. 1: something is damaged. 4: there is no checkpoint.
    """
    warning = None
    if is_checkpoint(path):
        results = [_check(str(path))]
    else:
        results = _check_directory(str(path))
        warning = _bookkeeping_problem(str(path))
        if not results:
            raise no_checkpoint_error(path)
    damaged = [result for result in results if result["problem"] is not None]
    facts = {
        "path": str(path),
        "whole": not damaged,
        "damaged": len(damaged),
        "bytes": sum(result["bytes"] or 0 for result in results),
        "checkpoints": results,
        "warning": warning,
    }
    if as_json:
        _output.print_json(facts)
    else:
        _show(facts)
    if damaged:
        raise typer.Exit(ExitCode.DAMAGED)


def _check_directory(path: str) -> list[dict[str, Any]]:
    """Returns what was found of each checkpoint, oldest first, then of those without a commit."""
    try:
        listed = [info.path for info in _core.list_checkpoints(path)]
    except errors.CheckpointCorruptError:
        listed = []  # not one is whole: all are problems
    results = []
    for checkpoint in listed:
        try:
            results.append(_check(checkpoint))
        except errors.NoCheckpointError:
            continue  # retention beside this has removed it meanwhile
    return results + [_problem(p.path, p.reason) for p in _core.checkpoint_problems(path)]


def _check(path: str) -> dict[str, Any]:
    try:
        reader = _core.CheckpointReader(path)
        reader.verify()
    except (errors.DataLossError, errors.CheckpointVersionError) as error:
        return _problem(path, str(error))
    return {"path": path, "step": reader.info.step, "bytes": reader.info.bytes, "problem": None}


def _problem(path: str, reason: str) -> dict[str, Any]:
    return {"path": path, "step": None, "bytes": None, "problem": reason}


def _bookkeeping_problem(path: str) -> str | None:
    """Returns what is wrong with checkpoint.json, which is advice only: no damage of a state."""
    try:
        _core.read_bookkeeping(path)
    except errors.DataLossError as error:
        return str(error)
    return None


def _show(facts: dict[str, Any]) -> None:
    out = _output.console()
    rows = []
    for result in facts["checkpoints"]:
        name = Path(result["path"]).name
        if result["problem"] is None:
            rows.append((str(result["step"]), _output.size_text(result["bytes"]), name, "whole"))
        else:
            rows.append(("", "", name, "DAMAGED"))
    out.print(_output.table(("step", "size", "name", "state"), rows, right=("step", "size")))
    for result in facts["checkpoints"]:
        if result["problem"] is not None:
            _output.say(out, f"DAMAGED {result['path']}: {result['problem']}")
    if facts["warning"] is not None:
        _output.say(out, f"warning: {facts['warning']}")
    total, damaged = len(rows), facts["damaged"]
    end = "every byte is as it was written"
    if damaged:
        end = (
            f"{damaged} of {total} are damaged; train continues from the newest whole one, "
            "restore the others from a backup or delete them"
        )
    size = _output.size_text(facts["bytes"])
    _output.say(out, f"{size} of {total - damaged} checkpoints verified: {end}")
