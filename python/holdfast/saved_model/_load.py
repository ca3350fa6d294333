"""Loading an exported model: nothing of the code that made it is needed."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from holdfast import _core, errors

_TAG = "serve"  # of a SavedModel's graph that predicts, in TensorFlow


class SavedModel:
    """A loaded model.

    Calling it calls its default signature. Signatures take one array, a dict of arrays by input
    name, or keyword arguments, and return a dict of arrays by output name. Batches may have any
    size. Threads may call at once.

    Attributes:
      signatures: Callables by name, each with `.name`, `.method`, and `.inputs` and `.outputs`:
        (dtype, shape) by name, None standing for any size.
    """

    def __init__(self, model: _core.Model) -> None:
        self._model = model
        self.signatures: Mapping[str, _core.ServingSignature] = MappingProxyType(model.signatures)
        self._default: _core.ServingSignature | None = None  # found at the first call

    def __call__(self, *args: Any, **inputs: Any) -> dict[str, _core.Array]:
        """Returns the default signature's predictions.

        The default is "serving_default", else "predict", else the only signature there is.

        Raises:
          errors.NotFoundError: none of these; lists the names.
          errors.InvalidArgumentError: an input is missing, unknown, of another dtype or shape.
        """
        return self.default(*args, **inputs)

    @property
    def default_name(self) -> str | None:
        """The name of the default signature; None where there is none."""
        try:
            return self._model.default_signature()
        except errors.NotFoundError:
            return None

    @property
    def default(self) -> _core.ServingSignature:
        """The default signature. Raises: errors.NotFoundError where there is none."""
        if self._default is None:
            self._default = self.signatures[self._model.default_signature()]
        return self._default

    @property
    def global_step(self) -> int:
        """Steps of training behind the model."""
        return self._model.global_step

    @property
    def graph(self) -> _core.Graph:
        """A copy of the graph that predicts."""
        return self._model.graph

    @property
    def facts(self) -> dict[str, Any]:
        """What the model says of itself: canned models tell their head and layers."""
        facts: dict[str, Any] = json.loads(self._model.model_json)
        return facts

    @property
    def variables(self) -> list[tuple[str, str, str, list[int]]]:
        """(name, role, dtype, shape) of every stored variable, sorted by name."""
        return self._model.variables()

    def __repr__(self) -> str:
        names = ", ".join(self.signatures)
        return f"<SavedModel of step {self.global_step}: {names}>"


def load(
    export_dir: str | bytes | os.PathLike[str],
    tags: str | Sequence[str] | None = None,
    *,
    threads: int | None = None,
) -> SavedModel:
    """Returns the model of an export.

    Args:
      export_dir: What Estimator.export_saved_model returned.
      tags: As in TensorFlow; an export holds one graph, whose tag is "serve".
      threads: Of one prediction on a large batch; None: as many as the process may use. Results
        never depend on it.

    Raises:
      ValueError: other tags are asked for.
      errors.NotFoundError: there is no export.
      errors.FailedPreconditionError: it is a checkpoint, or a directory of checkpoints.
      errors.CheckpointCorruptError, errors.UnsafeInputError: it is damaged.
      errors.CheckpointVersionError: it was written by a newer version.
    Source: tf.saved_model.load.
    """
    if tags is not None and ([tags] if isinstance(tags, str) else list(tags)) != [_TAG]:
        raise ValueError(
            f"tags: expected {_TAG!r}, the one graph of an export, or None; got {tags!r}"
        )
    return SavedModel(_core.Model.load(os.fsdecode(export_dir), threads or 0))
