"""From a table and options to the description of a classifier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from holdfast.cli import _model
from holdfast.cli._description import FILE_NAME, Description
from holdfast.cli._failures import CommandError, DataError, ExitCode
from holdfast.cli._table import Column, Table

# More classes than this are rather a number or a key than a class; the limit catches `--label Id`.
_MAX_CLASSES = 1000


def parse_hidden(text: str | None) -> tuple[int, ...] | None:
    """Returns the units of each hidden layer of "10,10"; () of ""; None of None."""
    if text is None:
        return None
    try:
        units = tuple(int(part) for part in text.split(",")) if text.strip() else ()
    except ValueError:
        units = (0,)
    if any(unit < 1 for unit in units):
        raise CommandError(
            f"--hidden: expected positive numbers such as 10,10, got {text!r}", ExitCode.USAGE
        )
    return units


def check_optimizer(optimizer: str | None, learning_rate: float | None) -> None:
    """Raises CommandError for an unknown optimizer or a learning rate that is not positive."""
    if optimizer is not None and optimizer not in _model.OPTIMIZERS:
        raise CommandError(
            f"--optimizer: expected one of {', '.join(_model.OPTIMIZERS)}, got {optimizer!r}",
            ExitCode.USAGE,
        )
    if learning_rate is not None and not learning_rate > 0:
        raise CommandError(
            f"--learning-rate: expected a positive number, got {learning_rate}", ExitCode.USAGE
        )


def described(
    table: Table, source: str, label: str | None, drop: Sequence[str], asked: Mapping[str, Any]
) -> Description:
    """Returns the description of a new classifier; mean and scale are still those of no scaling.

    Args:
      table: What to train on.
      source: Its path, or "iris".
      label: The label column; None: the last one.
      drop: Columns to leave out.
      asked: hidden_units, optimizer, learning_rate, held_out; None: the default.

    Raises:
      DataError: no such column, no classes, or no numeric columns.
      CommandError: an option breaks its rule.
    """
    check_optimizer(asked["optimizer"], asked["learning_rate"])
    for name in drop:
        table.column(name)
    target = table.column(label if label is not None else list(table.columns)[-1])
    features = [c for c in table.columns.values() if c is not target and c.name not in drop]
    if not features:
        raise DataError(
            f"{table.name}: expected numeric columns beside {target.name!r}, found none"
        )
    for column in features:
        _check_numeric(column)
    return Description(
        data=source,
        features=tuple(column.name for column in features),
        label=target.name,
        classes=_classes(target),
        mean=(0.0,) * len(features),
        scale=(1.0,) * len(features),
        hidden_units=(10, 10),  # as in the Iris tutorials of tf.estimator
        optimizer="Adagrad",
        learning_rate=0.05,  # of tf.estimator's DNNClassifier
        held_out=0.2,
    ).replace(**asked)


def continued(
    known: Description | None, model_dir: Path, label: str | None, asked: Mapping[str, Any]
) -> Description:
    """Returns the description of a model that is trained further, with what was asked changed.

    Raises: CommandError if it was not trained by this command, or predicts another column.
    """
    check_optimizer(asked["optimizer"], asked["learning_rate"])
    if known is None:
        raise CommandError(
            f"{model_dir}: expected a model trained by `holdfast train`, found checkpoints without "
            f"{FILE_NAME}; continue it with the script that made it, or use another --model-dir",
            ExitCode.CHECKPOINT,
        )
    if label is not None and label != known.label:
        raise CommandError(
            f"--label: the model in {model_dir} predicts {known.label!r}, got {label!r}; use "
            "another --model-dir for another label",
            ExitCode.CHECKPOINT,
        )
    if asked["held_out"] is not None and asked["held_out"] != known.held_out:
        raise CommandError(
            f"--held-out: training began with {known.held_out}, got {asked['held_out']}; another "
            "share would evaluate on rows already trained on. Leave the option out",
            ExitCode.CHECKPOINT,
        )
    return known.replace(**asked)


def _check_numeric(column: Column) -> None:
    if column.kind == "string":
        column.numbers()  # raises, naming the first cell that is no number


def _classes(column: Column) -> tuple[str, ...]:
    labels = column.labels()
    unique = set(labels)
    if len(unique) < 2:
        raise DataError(
            f'{column.source}: column "{column.name}" should hold two or more classes, found only '
            f"{labels[0]!r}; choose another column with --label"
        )
    if len(unique) > _MAX_CLASSES:
        raise DataError(
            f'{column.source}: column "{column.name}" holds {len(unique)} different values, more '
            f"than the {_MAX_CLASSES} classes allowed; choose another column with --label"
        )
    return tuple(sorted(unique, key=int) if column.kind == "int" else sorted(unique))
