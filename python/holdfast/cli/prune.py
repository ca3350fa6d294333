"""`holdfast prune`: deletes the checkpoints of a model_dir that a rule does not keep."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from holdfast import _core
from holdfast.cli import _output
from holdfast.cli._failures import CommandError, ExitCode
from holdfast.cli._options import AsJson, Debug, guarded
from holdfast.train._pruning import prune as prune_checkpoints


@guarded
def prune(
    model_dir: Annotated[Path, typer.Argument(help="Whose checkpoints.", show_default=False)],
    *,
    keep_max: Annotated[
        int,
        typer.Option(
            "--keep-max", min=0, help="Keep so many of the newest; 0: all.", show_default=False
        ),
    ],
    keep_every_n_hours: Annotated[
        float | None,
        typer.Option("--keep-every-n-hours", help="Keep one more for each span of so many hours."),
    ] = None,
    keep_best: Annotated[
        str | None,
        typer.Option(
            "--keep-best",
            metavar="METRIC:N:max|min",
            help="Keep the N best by a metric that evaluate has recorded, as in accuracy:3:max.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be deleted.")
    ] = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Delete the checkpoints of a directory that these rules do not keep.

    The newest without NaN or infinite values and pinned ones always stay.
    """
    if keep_every_n_hours is not None and not keep_every_n_hours > 0:
        raise CommandError(
            f"--keep-every-n-hours: expected more than 0, got {keep_every_n_hours:g}; leave it out "
            "to keep none for their age",
            ExitCode.USAGE,
        )
    rule = None if keep_best is None else _rule(keep_best)
    sizes = _sizes(model_dir)
    decided = prune_checkpoints(
        model_dir,
        keep_checkpoint_max=keep_max,
        keep_checkpoint_every_n_hours=keep_every_n_hours,
        keep_best=rule,
        dry_run=dry_run,
    )
    checkpoints = [
        {"path": path, "bytes": sizes.get(path), "kept": why.split(", ") if why else []}
        for path, why in decided
    ]
    gone = [checkpoint for checkpoint in checkpoints if not checkpoint["kept"]]
    facts: dict[str, Any] = {
        "model_dir": str(model_dir),
        "dry_run": dry_run,
        "checkpoints": checkpoints,
        "deleted": len(gone),
        "freed_bytes": sum(checkpoint["bytes"] or 0 for checkpoint in gone),
    }
    if as_json:
        _output.print_json(facts)
    else:
        _show(facts)


def _rule(text: str) -> tuple[str, int, str]:
    # From the right, since a metric's name may hold colons.
    metric, count, mode = text.rsplit(":", 2) if text.count(":") >= 2 else ("", "", "")
    if not metric or not count.isdecimal() or int(count) < 1 or mode not in ("max", "min"):
        raise CommandError(
            f"--keep-best: expected METRIC:N:max or METRIC:N:min such as accuracy:3:max, got "
            f"{text!r}",
            ExitCode.USAGE,
        )
    return metric, int(count), mode


def _sizes(model_dir: Path) -> dict[str, int]:
    return {info.path: info.bytes for info in _core.list_checkpoints(str(model_dir))}


def _show(facts: dict[str, Any]) -> None:
    out = _output.console()
    goes = "would be deleted" if facts["dry_run"] else "deleted"
    rows = []
    for checkpoint in facts["checkpoints"]:
        size = checkpoint["bytes"]
        rows.append(
            (
                Path(checkpoint["path"]).name,
                "" if size is None else _output.size_text(size),
                "kept: " + ", ".join(checkpoint["kept"]) if checkpoint["kept"] else goes,
            )
        )
    out.print(_output.table(("name", "size", "decision"), rows, right=("size",)))
    size = _output.size_text(facts["freed_bytes"])
    _output.say(out, f"{facts['deleted']} of {len(rows)} checkpoints {goes}: {size}")
