"""`holdfast inspect`: the checkpoints of a model_dir, and the tensors of one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from holdfast import _core, errors
from holdfast.cli import _output
from holdfast.cli._options import AsJson, Debug, guarded
from holdfast.train import latest_checkpoint


@guarded
def inspect(
    path: Annotated[Path, typer.Argument(help="A model_dir, or one checkpoint in it.")],
    *,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """List the checkpoints of a directory, and the tensors of the newest or of the one named."""
    listed = _output.list_facts(path) if path.is_dir() else []
    checkpoint = latest_checkpoint(path) if listed else str(path)
    if not path.exists() or checkpoint is None:
        raise errors.NoCheckpointError(
            f"{path}: expected a model_dir or a checkpoint, found nothing of that name; "
            "checkpoints are directories named model.ckpt-<step>",
            {"path": path},
        )
    reader = _core.CheckpointReader(checkpoint)
    tensors = [_tensor_facts(info) for info in reader.tensors]
    facts: dict[str, Any] = {
        "checkpoints": listed,
        "checkpoint": _output.checkpoint_facts(reader.info),
        "tensors": tensors,
    }
    if as_json:
        _output.print_json(facts)
        return
    out = _output.console()
    if listed:
        out.print(f"checkpoints in {path}:")
        out.print(_output.checkpoint_table(listed))
    out.print(f"tensors of {checkpoint}:")
    rows = [
        (t["name"], t["role"], t["dtype"], str(t["shape"]), _output.size_text(t["bytes"]))
        for t in tensors
    ]
    out.print(_output.table(("name", "role", "dtype", "shape", "size"), rows, right=("size",)))


def _tensor_facts(info: _core.TensorInfo) -> dict[str, Any]:
    # A string tensor's size is that of its texts, which are not read here.
    item = 0 if info.dtype == "string" else np.dtype(info.dtype).itemsize
    return {
        "name": info.name,
        "role": info.role,
        "dtype": info.dtype,
        "shape": list(info.shape),
        "bytes": item * int(np.prod(info.shape, dtype=np.int64)),
    }
