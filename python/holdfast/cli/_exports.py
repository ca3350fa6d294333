"""Exported models on the command line: what they are made with, and rows of tables as inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from holdfast import _core, errors
from holdfast._graph import add_to_collection
from holdfast.cli._description import Description
from holdfast.cli._failures import CommandError, ExitCode
from holdfast.cli._model import FEATURE
from holdfast.cli._table import Table
from holdfast.data._structure import TensorSpec
from holdfast.estimator._building import MODEL_FACTS
from holdfast.estimator.export import (
    ServingInputReceiver,
    build_raw_serving_input_receiver_fn,
)
from holdfast.saved_model import SavedModel

_TABLE = "table"  # of the model's facts: which columns its inputs are made of
_BATCH = 1024


def receiver_fn(description: Description) -> Callable[[], ServingInputReceiver]:
    """Returns the receiver of a classifier of tables, which also notes the table's columns."""
    width = len(description.features)
    build = build_raw_serving_input_receiver_fn({FEATURE: TensorSpec([None, width], np.float32)})

    def serving_input_receiver_fn() -> ServingInputReceiver:
        facts = {
            "columns": {FEATURE: list(description.features)},
            "label": description.label,
            "classes": list(description.classes),
        }
        add_to_collection(MODEL_FACTS, {_TABLE: facts})
        return build()

    return serving_input_receiver_fn


def is_export(path: Path) -> bool:
    """Returns whether a directory is an exported model, as far as can be told without its data."""
    if not (path / "COMMIT").exists():
        return False
    try:
        _core.CheckpointReader(str(path))
    except errors.FailedPreconditionError:
        return True
    except errors.OpError:
        pass
    return False


def facts_of_table(model: SavedModel) -> dict[str, Any]:
    """Returns "columns", "label", "classes" of a model that `holdfast export` made; else {}."""
    facts = model.facts.get(_TABLE)
    return facts if isinstance(facts, dict) else {}


def predicted_batches(
    model: SavedModel, signature: _core.ServingSignature, table: Table, path: Path
) -> Iterator[dict[str, npt.NDArray[Any]]]:
    """Returns what the signature makes of the rows, batch by batch.

    The table is read before the first batch is asked for: an error of it comes before any output.

    Raises:
      DataError: the table lacks a column that an input is made of, or a cell is no number.
      CommandError: an input is nothing that a table holds; of a batch: an output has other rows.
    """
    columns = facts_of_table(model).get("columns", {})
    inputs = {
        name: _input(name, dtype, shape, columns, table, path)
        for name, (dtype, shape) in signature.inputs.items()
    }
    batches = (
        {name: value[first : first + _BATCH] for name, value in inputs.items()}
        for first in range(0, len(table), _BATCH)
    )
    return (_rows_of(signature, batch, path) for batch in batches)


def _rows_of(
    signature: _core.ServingSignature, batch: dict[str, npt.NDArray[Any]], path: Path
) -> dict[str, npt.NDArray[Any]]:
    rows = len(next(iter(batch.values())))
    outputs = signature(batch)
    for name, value in outputs.items():
        if value.shape[:1] != (rows,):
            raise CommandError(
                f"{path}: expected outputs with a row for each of the table's, found {name!r} of "
                f"shape {list(value.shape)} for {rows} rows; call this model from Python or C++",
                ExitCode.CHECKPOINT,
            )
    return outputs


def _input(
    name: str,
    dtype: str,
    shape: tuple[int | None, ...],
    columns: Mapping[str, list[str]],
    table: Table,
    path: Path,
) -> npt.NDArray[Any]:
    if name in columns:
        return table.features(columns[name])
    if len(shape) > 2 or shape[:1] != (None,) or shape[1:] not in ((), (1,)):
        raise CommandError(
            f"{path}: expected inputs of one column each, found {name!r} of shape "
            f"{list(shape)}; call this model from Python or C++",
            ExitCode.CHECKPOINT,
        )
    column = table.column(name)
    values: npt.NDArray[Any]
    if dtype == "string":
        values = np.array([cell.encode() for cell in column.cells], object)
    else:
        values = column.numbers(dtype)
    return values.reshape(len(table), *shape[1:])
