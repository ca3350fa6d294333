"""`holdfast predict`: the class of every row of a table."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from typing import Any

from holdfast.cli import _model, _output
from holdfast.cli._description import Description, require_description
from holdfast.cli._options import AsJson, CheckpointPath, Data, Debug, ModelDir, guarded


@guarded
def predict(
    data: Data = None,
    *,
    model_dir: ModelDir,
    checkpoint: CheckpointPath = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Predict the class of every row of a table; prints CSV. The label column is not needed."""
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
    rows = _rows(batches, description)
    if as_json:
        _output.print_json(
            {
                "model_dir": str(model_dir),
                "table": table.name,
                "classes": list(description.classes),
                "predictions": [{"class": name, "probabilities": p} for name, p in rows],
            }
        )
        return
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([description.label, *(f"p({name})" for name in description.classes)])
    for name, probabilities in rows:
        writer.writerow([name, *(f"{p:.6f}" for p in probabilities)])


def _rows(batches: Iterator[Any], description: Description) -> Iterator[tuple[str, list[float]]]:
    """Yields the class and the probability of every class, row by row."""
    for batch in batches:
        for ids, probabilities in zip(batch["class_ids"], batch["probabilities"], strict=True):
            yield description.classes[int(ids[0])], [round(float(p), 6) for p in probabilities]
