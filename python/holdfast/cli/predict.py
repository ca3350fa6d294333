"""`holdfast predict`: the class of every row of a table."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from holdfast import saved_model
from holdfast.cli import _exports, _model, _output
from holdfast.cli._description import Description, require_description
from holdfast.cli._failures import CommandError, ExitCode
from holdfast.cli._options import AsJson, CheckpointPath, Debug, guarded

Row = tuple[str, list[float]]  # the class and the probability of every class


@guarded
def predict(
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="[EXPORT_DIR] [DATA.csv]",
            help="An exported model, or nothing with --model-dir; then a table with a header line "
            "(with --model-dir: the one trained on if none is named).",
            show_default=False,
        ),
    ] = None,
    data: Annotated[str | None, typer.Argument(hidden=True)] = None,
    *,
    model_dir: Annotated[
        Path | None,
        typer.Option("--model-dir", help="Directory of the checkpoints.", show_default=False),
    ] = None,
    checkpoint: CheckpointPath = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Predict the class of every row of a table; prints CSV. The label column is not needed."""
    if model_dir is not None:
        if data is not None:
            raise CommandError(
                f"expected an exported model or --model-dir, got both: {source} and {model_dir}",
                ExitCode.USAGE,
            )
        _predict_with_checkpoint(source, model_dir, checkpoint, as_json)
        return
    if source is None or data is None:
        raise CommandError(
            "expected a model: holdfast predict EXPORT_DIR ROWS.csv, or holdfast predict "
            "[ROWS.csv] --model-dir DIR",
            ExitCode.USAGE,
        )
    if checkpoint is not None:
        raise CommandError(
            "--checkpoint: an exported model holds one state; use it with --model-dir",
            ExitCode.USAGE,
        )
    _predict_with_export(Path(source), data, as_json)


def _predict_with_checkpoint(
    data: str | None, model_dir: Path, checkpoint: Path | None, as_json: bool
) -> None:
    description = require_description(model_dir)
    table = _model.open_table(data or description.data)
    features = table.features(description.features)
    estimator = _model.make_estimator(description, model_dir)
    batches = estimator.predict(
        _model.eval_input(features),
        predict_keys=["class_ids", "probabilities"],
        checkpoint_path=checkpoint,
        yield_single_examples=False,
    )
    rows = _rows(batches, description.classes)
    if as_json:
        _print_classes_json("model_dir", model_dir, table.name, description, rows)
    else:
        _print_classes(description.label, description.classes, rows)


def _predict_with_export(export_dir: Path, data: str, as_json: bool) -> None:
    model = saved_model.load(export_dir)
    signature = model.default
    table = _model.open_table(data)
    batches = _exports.predicted_batches(model, signature, table, export_dir)
    facts = _exports.facts_of_table(model)
    if facts and {"class_ids", "probabilities"} <= signature.outputs.keys():
        rows = _rows(batches, facts["classes"])
        if as_json:
            _print_classes_json("export", export_dir, table.name, facts, rows)
        else:
            _print_classes(facts["label"], facts["classes"], rows)
        return
    names = list(signature.outputs)
    if as_json:
        predictions = [
            {name: _plain(batch[name][i]) for name in names}
            for batch in batches
            for i in range(len(batch[names[0]]))
        ]
        facts = {"export": str(export_dir), "table": table.name, "predictions": predictions}
        _output.print_json(facts)
        return
    _print_outputs(names, batches)


def _rows(batches: Iterable[Any], classes: Any) -> Iterator[Row]:
    """Yields the class and the probability of every class, row by row."""
    for batch in batches:
        for ids, probabilities in zip(batch["class_ids"], batch["probabilities"], strict=True):
            yield classes[int(ids[0])], [round(float(p), 6) for p in probabilities]


def _print_classes(label: str, classes: Any, rows: Iterable[Row]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([label, *(f"p({name})" for name in classes)])
    for name, probabilities in rows:
        writer.writerow([name, *(f"{p:.6f}" for p in probabilities)])


def _print_classes_json(
    kind: str, path: Path, table: str, described: Description | dict[str, Any], rows: Iterable[Row]
) -> None:
    classes = described["classes"] if isinstance(described, dict) else described.classes
    _output.print_json(
        {
            kind: str(path),
            "table": table,
            "classes": list(classes),
            "predictions": [{"class": name, "probabilities": p} for name, p in rows],
        }
    )


def _print_outputs(names: list[str], batches: Iterable[Any]) -> None:
    """Prints every output as it is: a column for each of its values."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    headed = False
    for batch in batches:
        flat = {name: np.reshape(batch[name], (len(batch[name]), -1)) for name in names}
        if not headed:
            writer.writerow(
                f"{name}[{i}]" if value.shape[1] > 1 else name
                for name, value in flat.items()
                for i in range(value.shape[1])
            )
            headed = True
        for i in range(len(flat[names[0]])):
            writer.writerow(_plain(cell) for value in flat.values() for cell in value[i])


def _plain(value: Any) -> Any:
    """Returns an element or array as JSON and CSV take it."""
    if isinstance(value, bytes):
        return value.decode(errors="backslashreplace")
    if isinstance(value, np.ndarray):
        return [_plain(item) for item in value]
    if isinstance(value, np.floating) and not np.isfinite(value):
        return str(value)  # JSON has no infinities
    return value.item() if isinstance(value, np.generic) else value
