"""`holdfast inspect`: the checkpoints of a model_dir, what one of them holds, or an export."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console

from holdfast import _core, errors
from holdfast.cli import _export_inspection, _exports, _output
from holdfast.cli._failures import ExitCode
from holdfast.cli._numbers import Statistics, as_numbers, statistics
from holdfast.cli._options import AsJson, Debug, guarded
from holdfast.train._checkpoints import is_checkpoint, open_checkpoint

_FIGURES = ("min", "max", "mean", "nonfinite")


@guarded
def inspect(
    path: Annotated[
        Path, typer.Argument(help="A model_dir, one checkpoint in it, or an exported model.")
    ],
    *,
    stats: Annotated[
        bool, typer.Option("--stats/--no-stats", help="Read the tensors for min, max and mean.")
    ] = True,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Show the checkpoints of a directory, and tensors and state of the newest or the one named.

    Of an exported model: its signatures, variables and graph.

    Reading for the figures verifies every tensor. Exit code 1: something of it is damaged.
    """
    if _exports.is_export(path):
        exported = _export_inspection.export_facts(path)
        if as_json:
            _output.print_json(exported)
        else:
            _export_inspection.show(exported)
        return
    whole_dir = not is_checkpoint(path)
    facts: dict[str, Any] = {
        "model_dir": str(path) if whole_dir else None,
        **(_directory(path) if whole_dir else {"checkpoints": [], "damaged": [], "warning": None}),
    }
    reader = _chosen(path, facts)
    facts["checkpoint"] = _output.checkpoint_facts(reader.info)
    facts["tensors"] = [_tensor_facts(reader, info, stats) for info in reader.tensors]
    facts["state"] = json.loads(reader.state_json)
    facts["model"] = json.loads(reader.model_json)
    if as_json:
        _output.print_json(facts)
    else:
        _show(facts, stats)
    if facts["damaged"] or any(tensor["damage"] for tensor in facts["tensors"]):
        raise typer.Exit(ExitCode.DAMAGED)


def _chosen(path: Path, facts: dict[str, Any]) -> _core.CheckpointReader:
    try:
        return open_checkpoint(path)
    except errors.DataLossError:
        # The newest is damaged, as the list says: then the newest that is not.
        if not facts["checkpoints"]:
            raise
        return _core.CheckpointReader(facts["checkpoints"][-1]["path"])


def _directory(path: Path) -> dict[str, Any]:
    kept, warning = _kept(path)
    checkpoints = _output.list_facts(path)
    for facts in checkpoints:
        facts["kept"] = kept.get(Path(facts["path"]).name, [])
    damaged = [{"path": p.path, "reason": p.reason} for p in _core.checkpoint_problems(str(path))]
    return {"checkpoints": checkpoints, "damaged": damaged, "warning": warning}


def _kept(path: Path) -> tuple[dict[str, list[str]], str | None]:
    """Returns why retention kept each checkpoint, by name, and what is wrong with its notes."""
    try:
        text = _core.read_bookkeeping(str(path))
    except errors.OpError as error:
        return {}, str(error)
    entries = json.loads(text)["all"] if text is not None else []
    return {entry["name"]: entry["keep"] for entry in entries}, None


def _tensor_facts(
    reader: _core.CheckpointReader, info: _core.TensorInfo, stats: bool
) -> dict[str, Any]:
    facts = {
        "name": info.name,
        "role": info.role,
        "dtype": info.dtype,
        "shape": list(info.shape),
        "bytes": info.bytes,
        **dataclasses.asdict(Statistics(nonfinite=info.nonfinite)),
        "damage": None,
    }
    if stats:
        try:
            found = statistics(as_numbers(reader.read(info.name), info.dtype))
            facts.update(dataclasses.asdict(found))
        except errors.DataLossError as error:
            facts["damage"] = str(error)
    return facts


def _show(facts: dict[str, Any], stats: bool) -> None:
    out = _output.console()
    if facts["model_dir"] is not None:
        _output.say(out, f"checkpoints in {facts['model_dir']}:")
        kept = {Path(c["path"]).name: c["kept"] for c in facts["checkpoints"]}
        out.print(_output.checkpoint_table(facts["checkpoints"], kept))
    for problem in facts["damaged"]:
        _output.say(out, f"DAMAGED {problem['path']}: {problem['reason']}")
    if facts["warning"] is not None:
        _output.say(out, f"warning: {facts['warning']}")
    chosen = facts["checkpoint"]
    _output.say(out, f"{chosen['path']}: step {chosen['step']}, commit {chosen['commit_seq']}")
    _show_tensors(out, facts["tensors"], stats)
    for title in ("state", "model"):
        if facts[title]:
            _output.say(out, f"{title}:")
            rows = [(key, json.dumps(value)) for key, value in facts[title].items()]
            out.print(_output.table(("key", "value"), rows, right=()))


def _show_tensors(out: Console, tensors: list[dict[str, Any]], stats: bool) -> None:
    headings = ["name", "role", "dtype", "shape", "size", *(_FIGURES if stats else ())]
    rows = []
    for t in tensors:
        figures = [_figure(t[key]) for key in _FIGURES] if stats else []
        size = _output.size_text(t["bytes"])
        rows.append((t["name"], t["role"], t["dtype"], str(t["shape"]), size, *figures))
    out.print(_output.table(headings, rows, right=("size", *_FIGURES)))
    elements = sum(int(np.prod(t["shape"], dtype=np.int64)) for t in tensors)
    size = _output.size_text(sum(t["bytes"] for t in tensors))
    _output.say(out, f"{len(tensors)} tensors, {elements:,} elements, {size}")
    for t in tensors:
        if t["damage"] is not None:
            _output.say(out, f"DAMAGED tensor {t['name']}: {t['damage']}")


def _figure(value: float | int | None) -> str:
    if value is None:
        return "-"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
