"""`holdfast diff`: what changed from one checkpoint to another."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from holdfast import _core
from holdfast.cli import _output
from holdfast.cli._numbers import as_numbers, change
from holdfast.cli._options import AsJson, Debug, guarded
from holdfast.train._checkpoints import open_checkpoint

_WHICH = "A checkpoint, or a model_dir for its newest."
_ABSENT = object()


@guarded
def diff(
    a: Annotated[Path, typer.Argument(help=_WHICH, show_default=False)],
    b: Annotated[Path, typer.Argument(help=_WHICH, show_default=False)],
    *,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """List tensors added, removed, reshaped and changed from A to B, and changes of the state."""
    facts = _differences(open_checkpoint(a), open_checkpoint(b))
    if as_json:
        _output.print_json(facts)
    else:
        _show(facts)


def _differences(a: _core.CheckpointReader, b: _core.CheckpointReader) -> dict[str, Any]:
    before, after = ({tensor.name: tensor for tensor in reader.tensors} for reader in (a, b))
    reshaped, changed, unchanged = [], [], 0
    for name in sorted(before.keys() & after.keys()):
        old, new = _type_facts(before[name]), _type_facts(after[name])
        if old != new:
            texts = (f"{t['dtype']} {t['shape']}" for t in (old, new))
            reshaped.append({"name": name, **dict(zip("ab", texts, strict=True))})
            continue
        found = change(*(as_numbers(reader.read(name), old["dtype"]) for reader in (a, b)))
        if found is None:
            unchanged += 1
        else:
            changed.append({"name": name, **dataclasses.asdict(found)})
    return {
        "a": a.info.path,
        "b": b.info.path,
        "steps": [a.info.step, b.info.step],
        "added": [_type_facts(t) for name, t in after.items() if name not in before],
        "removed": [_type_facts(t) for name, t in before.items() if name not in after],
        "reshaped": reshaped,
        "changed": changed,
        "unchanged": unchanged,
        "state": list(_json_changes("", json.loads(a.state_json), json.loads(b.state_json))),
        "model": list(_json_changes("", json.loads(a.model_json), json.loads(b.model_json))),
    }


def _type_facts(info: _core.TensorInfo) -> dict[str, Any]:
    return {"name": info.name, "dtype": info.dtype, "shape": list(info.shape)}


def _json_changes(key: str, a: Any, b: Any) -> Iterator[dict[str, Any]]:
    """Yields each leaf that differs: {"key": "input.epoch", "a": 1, "b": 2}; absent: left out."""
    if isinstance(a, dict) and isinstance(b, dict):
        for name in sorted(a.keys() | b.keys()):
            inner = f"{key}.{name}" if key else name
            yield from _json_changes(inner, a.get(name, _ABSENT), b.get(name, _ABSENT))
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for i, (old, new) in enumerate(zip(a, b, strict=True)):
            yield from _json_changes(f"{key}[{i}]", old, new)
    elif a != b:
        sides = {"a": a, "b": b}
        yield {"key": key, **{side: v for side, v in sides.items() if v is not _ABSENT}}


def _show(facts: dict[str, Any]) -> None:
    out = _output.console()
    for side, word, step in zip("ab", ("from", "  to"), facts["steps"], strict=True):
        _output.say(out, f"{word} {facts[side]} (step {step})")
    rows = [
        *((t["name"], "added", f"{t['dtype']} {t['shape']}", "", "") for t in facts["added"]),
        *((t["name"], "removed", f"{t['dtype']} {t['shape']}", "", "") for t in facts["removed"]),
        *((t["name"], "reshaped", f"{t['a']} -> {t['b']}", "", "") for t in facts["reshaped"]),
        *((t["name"], "changed", *_how_much(t)) for t in facts["changed"]),
    ]
    if rows:
        headings = ("tensor", "what", "how", "max abs", "L2")
        out.print(_output.table(headings, rows, right=("max abs", "L2")))
    for title in ("state", "model"):
        if facts[title]:
            cells = [(d["key"], *(_value(d, side) for side in "ab")) for d in facts[title]]
            out.print(_output.table((title, "from", "to"), cells, right=()))
    _output.say(out, f"{facts['unchanged']} tensors are equal, bit for bit")


def _how_much(facts: dict[str, Any]) -> tuple[str, str, str]:
    sizes = ("-" if facts[key] is None else f"{facts[key]:.6g}" for key in ("max_abs", "l2"))
    most, l2 = sizes
    return f"{facts['elements']} of {facts['of']} elements", most, l2


def _value(difference: dict[str, Any], side: str) -> str:
    return json.dumps(difference[side]) if side in difference else ""
