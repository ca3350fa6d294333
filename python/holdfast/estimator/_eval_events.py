"""The results of an evaluation as an event."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from holdfast.summary import FileWriterCache, Summary


def write_results(eval_dir: str, results: Mapping[str, Any], checkpoint: str | None) -> None:
    """Writes every metric that is one number, and the checkpoint's path, at its global step.

    Args:
      eval_dir: `eval` or `eval_<name>` in model_dir.
      results: As Estimator.evaluate returns them.
      checkpoint: Path of the one that was evaluated; None: there was none.
    """
    values = [
        Summary.Value(tag=name, simple_value=float(value))
        for name, value in results.items()
        if name != "global_step" and _is_number(value)
    ]
    if checkpoint is not None:
        # fsencode: a path may be no UTF-8; TensorBoard shows such bytes as replacement characters.
        values.append(Summary.Value(tag="checkpoint_path", text=os.fsencode(checkpoint)))
    writer = FileWriterCache.get(eval_dir)
    writer.add_summary(Summary(value=values), int(results["global_step"]))
    writer.close()  # evaluations may be long apart


def _is_number(value: Any) -> bool:
    array = np.asarray(value)
    return array.ndim == 0 and array.dtype.kind in "fiub"
