"""`holdfast inspect EXPORT_DIR`: how an exported model is called, and the graph behind it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from holdfast import _core, saved_model
from holdfast.cli import _output

_LONGEST = 40  # characters of an attribute in the table; --json has all of them


def export_facts(path: Path) -> dict[str, Any]:
    """Returns what an exported model holds, as JSON values. Raises: as saved_model.load."""
    model = saved_model.load(path)
    return {
        "export": str(path),
        "step": model.global_step,
        "bytes": sum(file.stat().st_size for file in path.iterdir() if file.is_file()),
        "signatures": [_signature_facts(model, name) for name in model.signatures],
        "variables": [
            {"name": name, "role": role, "dtype": dtype, "shape": list(shape)}
            for name, role, dtype, shape in model.variables
        ],
        "graph": [_node_facts(model.graph, node) for node in range(len(model.graph))],
        "model": model.facts,
    }


def show(facts: dict[str, Any]) -> None:
    """Prints the facts as tables."""
    out = _output.console()
    size = _output.size_text(facts["bytes"])
    _output.say(out, f"exported model {facts['export']}: step {facts['step']}, {size}")
    for signature in facts["signatures"]:
        default = ", the default" if signature["default"] else ""
        _output.say(out, f"signature {signature['name']} ({signature['method']}){default}:")
        rows = [
            (kind.removesuffix("s"), t["name"], t["dtype"], _shape_text(t["shape"]))
            for kind in ("inputs", "outputs")
            for t in signature[kind]
        ]
        out.print(_output.table(("", "name", "dtype", "shape"), rows, right=()))
    _show_variables(out, facts["variables"])
    _show_graph(out, facts["graph"])
    if facts["model"]:
        _output.say(out, "model:")
        said = [(key, json.dumps(value)) for key, value in facts["model"].items()]
        out.print(_output.table(("key", "value"), said, right=()))


def _show_variables(out: Console, variables: list[dict[str, Any]]) -> None:
    rows = [(v["name"], v["role"], v["dtype"], str(v["shape"])) for v in variables]
    out.print(_output.table(("variable", "role", "dtype", "shape"), rows, right=()))
    elements = sum(int(np.prod(v["shape"], dtype=np.int64)) for v in variables)
    _output.say(out, f"{len(variables)} variables, {elements:,} elements")


def _show_graph(out: Console, graph: list[dict[str, Any]]) -> None:
    rows = [
        (
            str(i),
            node["name"],
            node["op"],
            ", ".join(map(str, node["inputs"])),
            node["dtype"],
            _shape_text(node["shape"]),
            ", ".join(f"{k}={_short(v)}" for k, v in node["attributes"].items()),
        )
        for i, node in enumerate(graph)
    ]
    headings = ("node", "name", "op", "inputs", "dtype", "shape", "attributes")
    out.print(_output.table(headings, rows, right=("node",)))


def _signature_facts(model: saved_model.SavedModel, name: str) -> dict[str, Any]:
    signature = model.signatures[name]
    return {
        "name": name,
        "method": signature.method,
        "default": model.default_name == name,
        "inputs": _tensor_facts(signature.inputs),
        "outputs": _tensor_facts(signature.outputs),
    }


def _tensor_facts(tensors: dict[str, tuple[str, tuple[int | None, ...]]]) -> list[dict[str, Any]]:
    return [
        {"name": name, "dtype": dtype, "shape": list(shape)}
        for name, (dtype, shape) in tensors.items()
    ]


def _node_facts(graph: _core.Graph, node: int) -> dict[str, Any]:
    return {
        "name": graph.name(node),
        "op": graph.op(node),
        "inputs": graph.inputs(node),
        "dtype": graph.dtype(node),
        "shape": [None if size < 0 else size for size in graph.shape(node)],
        "attributes": {
            key: _as_json(value)
            for key, value in graph.attributes(node).items()
            if key not in ("dtype", "shape")  # those of the node
        },
    }


def _as_json(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode(errors="backslashreplace")
    if isinstance(value, float) and not np.isfinite(value):
        return str(value)  # JSON has no infinities
    return [_as_json(item) for item in value] if isinstance(value, (list, tuple)) else value


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... ({len(value)})"


def _shape_text(shape: list[int | None]) -> str:
    return "[" + ", ".join("?" if size is None else str(size) for size in shape) + "]"
