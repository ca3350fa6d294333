"""`holdfast train`: trains a classifier on a table, or continues training it."""

from __future__ import annotations

import dataclasses
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from holdfast import train as checkpoints
from holdfast.cli import _model, _output
from holdfast.cli._classifier import continued, described, parse_hidden
from holdfast.cli._description import Description, load_description
from holdfast.cli._failures import CommandError, DataError, ExitCode
from holdfast.cli._options import AsJson, Data, Debug, guarded
from holdfast.cli._split import Rows, split_rows
from holdfast.cli._table import Table
from holdfast.estimator import RunConfig


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """What one run of the command was asked to do."""

    data: str
    model_dir: Path
    steps: int
    batch_size: int
    config: RunConfig


@dataclasses.dataclass(frozen=True, kw_only=True)
class Split:
    """The rows of a table, as the model takes them."""

    table: Table
    train_rows: Rows
    held_out_rows: Rows
    features: Any  # float32 [rows, columns]
    labels: Any  # int64 [rows]


@guarded
def train(
    data: Data = None,
    *,
    label: Annotated[
        str | None, typer.Option(help="Column to predict; the last one if none is named.")
    ] = None,
    drop: Annotated[
        list[str] | None, typer.Option(help="Leave this column out; may be repeated.")
    ] = None,
    model_dir: Annotated[
        Path | None,
        typer.Option(help="Directory of the checkpoints; a new temporary one if none is named."),
    ] = None,
    steps: Annotated[int, typer.Option(min=1, help="Steps to train, from where it stands.")] = 1000,
    hidden: Annotated[
        str | None, typer.Option(help="Units of each hidden layer. (default: 10,10)")
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Rows of a step.")] = 100,
    optimizer: Annotated[
        str | None, typer.Option(help="Adagrad or SGD. (default: Adagrad)")
    ] = None,
    learning_rate: Annotated[
        float | None,
        typer.Option(help="For losses summed over the batch, as in tf.estimator. (default: 0.05)"),
    ] = None,
    held_out: Annotated[
        float | None,
        typer.Option(min=0.0, max=0.9, help="Share of rows to evaluate on. (default: 0.2)"),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of initial weights and shuffling.")] = 1,
    save_steps: Annotated[
        int | None, typer.Option(min=1, help="Steps between checkpoints.")
    ] = None,
    save_secs: Annotated[
        float | None, typer.Option(help="Seconds between checkpoints. (default: 600)")
    ] = None,
    keep: Annotated[int, typer.Option(min=0, help="Newest checkpoints to keep; 0: all.")] = 5,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Train a classifier on a CSV table, or on Iris; run again to continue."""
    if save_steps is not None and save_secs is not None:
        raise CommandError(
            "--save-steps and --save-secs exclude each other: give one of them", ExitCode.USAGE
        )
    directory = model_dir or Path(tempfile.mkdtemp(prefix="holdfast-"))
    saving: dict[str, Any] = {}
    if save_steps is not None:
        saving["save_checkpoints_steps"] = save_steps
    elif save_secs is not None:
        saving["save_checkpoints_secs"] = save_secs
    asked = {
        "hidden_units": parse_hidden(hidden),
        "optimizer": optimizer,
        "learning_rate": learning_rate,
        "held_out": held_out,
    }
    latest = checkpoints.latest_checkpoint(directory) if directory.is_dir() else None
    known = load_description(directory)
    source = data or (known.data if latest and known else _model.IRIS)
    settings = TrainSettings(
        data=source,
        model_dir=directory,
        steps=steps,
        batch_size=batch_size,
        config=RunConfig(
            tf_random_seed=seed,
            keep_checkpoint_max=keep,
            save_on_signals=("SIGTERM", "SIGINT"),
            progress=False if as_json else "auto",
            **saving,
        ),
    )
    table = _model.open_table(source)
    if latest is None:
        description = described(table, source, label, drop or [], asked)
        split = _split(table, description)
        description = _with_scaling(description, split)
        description.save(directory)
    else:
        description = continued(known, directory, label, asked)
        split = _split(table, description)
    out = _output.console()
    if not as_json:
        _announce(out, description, split, latest)
    facts = _run(settings, description, split, latest)
    if as_json:
        _output.print_json(facts)
    else:
        _print(out, facts, source)


def _split(table: Table, description: Description) -> Split:
    labels = _model.class_ids(table, description)
    train_rows, held_out_rows = split_rows(labels.tolist(), description.held_out)
    if not len(train_rows):
        raise DataError(f"{table.name}: no row is left to train on; lower --held-out")
    return Split(
        table=table,
        train_rows=train_rows,
        held_out_rows=held_out_rows,
        features=table.features(description.features),
        labels=labels,
    )


def _with_scaling(description: Description, split: Split) -> Description:
    """Returns the description with mean and standard deviation of the rows trained on."""
    rows = split.features[split.train_rows].astype("float64")
    deviation = rows.std(axis=0)
    # A column that is the same in every row says nothing, but must not divide by zero.
    deviation[deviation < 1e-12] = 1.0
    return description.replace(mean=tuple(rows.mean(axis=0)), scale=tuple(deviation))


def _run(
    settings: TrainSettings,
    description: Description,
    split: Split,
    latest: str | None,
) -> dict[str, Any]:
    """Trains, evaluates on the held-out rows, and returns what happened."""
    estimator = _model.make_estimator(description, settings.model_dir, settings.config)
    rows = split.train_rows
    input_fn = _model.train_input(split.features[rows], split.labels[rows], settings.batch_size)
    started = time.monotonic()
    estimator.train(input_fn, steps=settings.steps)
    seconds = time.monotonic() - started
    facts: dict[str, Any] = {
        "model_dir": str(settings.model_dir),
        "continued_from": None if latest is None else int(latest.rsplit("-", 1)[1]),
        "step": int(estimator.get_variable_value("global_step")),
        "train_rows": len(rows),
        "held_out_rows": len(split.held_out_rows),
        "seconds": round(seconds, 3),
        "steps_per_second": round(settings.steps / seconds, 1),
        "held_out": None,
    }
    if len(split.held_out_rows):
        held = split.held_out_rows
        result = estimator.evaluate(_model.eval_input(split.features[held], split.labels[held]))
        facts["held_out"] = {
            "accuracy": round(float(result["accuracy"]), 6),
            "average_loss": round(float(result["average_loss"]), 6),
        }
    facts["checkpoints"] = _output.list_facts(settings.model_dir)
    return facts


def _announce(out: Console, description: Description, split: Split, latest: str | None) -> None:
    out.print(
        f"{split.table.name}: {len(split.table)} rows, {len(description.features)} numeric "
        f"columns, {len(description.classes)} classes of {description.label}; training on "
        f"{len(split.train_rows)}, holding out {len(split.held_out_rows)}"
    )
    if latest is not None:
        out.print(f"continuing from step {latest.rsplit('-', 1)[1]} ({latest})")


def _print(out: Console, facts: dict[str, Any], source: str) -> None:
    out.print(
        f"trained to step {facts['step']} in {facts['seconds']:.2f} s "
        f"({facts['steps_per_second']:,.0f} steps/s)"
    )
    if facts["held_out"] is not None:
        out.print(
            f"accuracy on the {facts['held_out_rows']} held-out rows: "
            f"{facts['held_out']['accuracy']:.3f} "
            f"(average loss {facts['held_out']['average_loss']:.4f})"
        )
    where = facts["model_dir"]
    out.print(f"\ncheckpoints in {where}:")
    out.print(_output.checkpoint_table(facts["checkpoints"]))
    table = "" if source == _model.IRIS else f" {source}"
    out.print(f"continue:  holdfast train{table} --model-dir {where}")
    out.print(f"evaluate:  holdfast evaluate{table} --model-dir {where}")
    out.print(f"predict:   holdfast predict{table} --model-dir {where}")
    out.print(f"look in:   holdfast inspect {where}")
