"""`holdfast evaluate`: the metrics of a trained classifier on a table."""

from __future__ import annotations

from typing import Any

import numpy as np

from holdfast.cli import _model, _output
from holdfast.cli._description import require_description
from holdfast.cli._options import AsJson, CheckpointPath, Data, Debug, ModelDir, guarded
from holdfast.cli._split import split_rows
from holdfast.estimator import RunConfig


@guarded
def evaluate(
    data: Data = None,
    *,
    model_dir: ModelDir,
    checkpoint: CheckpointPath = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Evaluate a trained classifier: on all rows of a table, or on those held out from training."""
    description = require_description(model_dir)
    table = _model.open_table(data or description.data)
    labels = _model.class_ids(table, description)
    features = table.features(description.features)
    held_out = split_rows(labels.tolist(), description.held_out)[1]
    # The table of the training, named or not, is evaluated on the rows that training never saw.
    on_held_out = (data is None or data == description.data) and len(held_out) > 0
    rows = held_out if on_held_out else np.arange(len(table))
    config = RunConfig(progress=False if as_json else "auto")
    estimator = _model.make_estimator(description, model_dir, config)
    result = estimator.evaluate(
        _model.eval_input(features[rows], labels[rows]), checkpoint_path=checkpoint
    )
    metrics = {name: value.item() for name, value in result.items()}
    facts: dict[str, Any] = {
        "model_dir": str(model_dir),
        "table": table.name,
        "rows": len(rows),
        "held_out": on_held_out,
        "metrics": metrics,
    }
    if as_json:
        _output.print_json(facts)
        return
    out = _output.console()
    what = "held-out rows" if on_held_out else "rows"
    out.print(f"{table.name}: {len(rows)} {what}, model of step {metrics['global_step']}")
    cells = [(name, f"{value:.6g}") for name, value in metrics.items() if name != "global_step"]
    out.print(_output.table(("metric", "value"), cells, right=("value",)))
