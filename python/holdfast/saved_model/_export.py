"""Writing an exported model. Every byte of it is the core's; here are names and nodes."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from holdfast import _core

if TYPE_CHECKING:  # a process that only loads needs no graph modules
    from holdfast._tensor import Tensor


@dataclass(frozen=True, kw_only=True)
class SignatureDef:
    """One way to call the model.

    Attributes:
      name: As callers ask for it.
      method: What it does, one of signature_constants.
      inputs: Placeholders by name.
      outputs: Tensors by name, in the order that callers shall see.
    """

    name: str
    method: str
    inputs: Mapping[str, Tensor] = field(default_factory=dict)
    outputs: Mapping[str, Tensor] = field(default_factory=dict)


def write(
    export_dir_base: str | os.PathLike[str],
    trainer: _core.Trainer,
    signatures: Sequence[SignatureDef],
    assets_extra: Mapping[str, str | os.PathLike[str]] | None = None,
    facts: Mapping[str, Any] | None = None,
    sync: bool = True,
) -> str:
    """Writes the model of a trainer and returns the path of its directory.

    Args:
      export_dir_base: A directory called by the time, in seconds, is made in it.
      trainer: Holds the graph and the values of its variables.
      signatures: How the model can be called; what none of them needs is left out.
      assets_extra: Files to put beside the model: relative path under assets.extra/ to source.
      facts: What the model says of itself, as JSON values.
      sync: Whether it is durable on return.

    Raises:
      TypeError: assets_extra is no dict of paths.
      ValueError: a source of assets_extra is a directory.
      errors.InvalidArgumentError: the signatures do not fit the graph, or a path of assets_extra
        leaves its directory.
      errors.CheckpointSaveError: it could not be written; nothing is left behind.
    """
    tuples = [
        (
            signature.name,
            signature.method,
            {name: tensor.node for name, tensor in signature.inputs.items()},
            [(name, tensor.node) for name, tensor in signature.outputs.items()],
        )
        for signature in signatures
    ]
    assets = _checked_assets(assets_extra or {})
    return _core.write_saved_model(
        os.fspath(export_dir_base), trainer, tuples, assets, json.dumps(dict(facts or {})), sync
    )


def _checked_assets(assets_extra: Any) -> dict[str, str]:
    if not isinstance(assets_extra, Mapping):
        raise TypeError(
            "assets_extra: expected a dict of destinations inside assets.extra to source files, "
            f'as in {{"sub/file.txt": "/path/to/file.txt"}}; got {assets_extra!r}'
        )
    for destination, source in assets_extra.items():
        for path in (destination, source):
            if not isinstance(path, (str, bytes, os.PathLike)):
                raise TypeError(
                    f"assets_extra: expected paths, got {path!r} in {{{destination!r}: {source!r}}}"
                )
        if os.path.isdir(source):
            raise ValueError(
                f"assets_extra[{destination!r}]: expected a file, got the directory {source!r}. "
                "Name its files one by one."
            )
    return {os.fsdecode(name): os.fsdecode(source) for name, source in assets_extra.items()}
