"""`holdfast diff`: what changed from one checkpoint to another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from holdfast import _core
from holdfast.cli import _output
from holdfast.cli._options import AsJson, Debug, guarded
from holdfast.train._checkpoints import checkpoint_path

_WHICH = "A checkpoint, or a model_dir for its newest."


@guarded
def diff(
    a: Annotated[Path, typer.Argument(help=_WHICH, show_default=False)],
    b: Annotated[Path, typer.Argument(help=_WHICH, show_default=False)],
    *,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """List tensors added, removed, reshaped and changed from checkpoint A to B."""
    facts = _differences(
        _core.CheckpointReader(checkpoint_path(a)), _core.CheckpointReader(checkpoint_path(b))
    )
    if as_json:
        _output.print_json(facts)
        return
    out = _output.console()
    rows = [
        *((t["name"], "added", f"{t['dtype']} {t['shape']}") for t in facts["added"]),
        *((t["name"], "removed", f"{t['dtype']} {t['shape']}") for t in facts["removed"]),
        *((t["name"], "reshaped", f"{t['a']} -> {t['b']}") for t in facts["reshaped"]),
        *((t["name"], "changed", _how_much(t)) for t in facts["changed"]),
    ]
    out.print(f"from {facts['a']}\n  to {facts['b']}:")
    if rows:
        out.print(_output.table(("name", "what", "how"), rows, right=()))
    out.print(f"{facts['unchanged']} tensors are equal, bit for bit")


def _differences(a: _core.CheckpointReader, b: _core.CheckpointReader) -> dict[str, Any]:
    before, after = ({tensor.name: tensor for tensor in reader.tensors} for reader in (a, b))
    reshaped, changed, unchanged = [], [], 0
    for name in sorted(before.keys() & after.keys()):
        old, new = _type_facts(before[name]), _type_facts(after[name])
        if old != new:
            texts = (f"{t['dtype']} {t['shape']}" for t in (old, new))
            reshaped.append({"name": name, **dict(zip("ab", texts, strict=True))})
            continue
        change = _change(a.read(name), b.read(name))
        if change is None:
            unchanged += 1
        else:
            changed.append({"name": name, **change})
    return {
        "a": a.info.path,
        "b": b.info.path,
        "added": [_type_facts(t) for name, t in after.items() if name not in before],
        "removed": [_type_facts(t) for name, t in before.items() if name not in after],
        "reshaped": reshaped,
        "changed": changed,
        "unchanged": unchanged,
    }


def _type_facts(info: _core.TensorInfo) -> dict[str, Any]:
    return {"name": info.name, "dtype": info.dtype, "shape": list(info.shape)}


def _change(old: _core.Array, new: _core.Array) -> dict[str, Any] | None:
    """Returns how many elements differ and by how much; None if every bit is equal."""
    if old.dtype == object:
        differing = old != new
        count = int(np.count_nonzero(differing))
        return {"elements": count, "of": old.size, "max_abs": None} if count else None
    if old.tobytes() == new.tobytes():
        return None
    item = np.dtype((np.void, old.dtype.itemsize))  # bits: NaN equals itself, 0.0 is not -0.0
    differing = np.ascontiguousarray(old).reshape(-1).view(item) != np.ascontiguousarray(
        new
    ).reshape(-1).view(item)
    wide = np.complex128 if old.dtype.kind == "c" else np.float64
    with np.errstate(invalid="ignore", over="ignore"):
        distance = np.abs(new.astype(wide) - old.astype(wide)).reshape(-1)[differing]
    # None where a NaN or an infinity came or went: there is no number for it.
    most = float(distance.max()) if np.isfinite(distance).all() else None
    return {"elements": int(differing.sum()), "of": old.size, "max_abs": most}


def _how_much(change: dict[str, Any]) -> str:
    text = f"{change['elements']} of {change['of']} elements"
    return text if change["max_abs"] is None else f"{text}, by at most {change['max_abs']:.6g}"
