"""The estimator behind the commands, made from a description, and its input functions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from holdfast import data, feature_column, train
from holdfast.cli._description import Description
from holdfast.cli._failures import DataError
from holdfast.cli._table import Table, read_table
from holdfast.estimator import DNNClassifier, RunConfig

FEATURE = "features"  # all numeric columns side by side: one input, however wide the table
IRIS = "iris"
_IRIS_FILE = Path(__file__).with_name("iris.csv")

OPTIMIZERS: dict[str, Callable[[float], Any]] = {
    "Adagrad": train.AdagradOptimizer,
    "SGD": train.GradientDescentOptimizer,
}


def open_table(source: str) -> Table:
    """Returns a table: of a file, or Iris, which comes with the package."""
    if source == IRIS and not Path(source).exists():
        return read_table(_IRIS_FILE, name="iris (built in)")
    return read_table(Path(source))


def make_estimator(
    description: Description,
    model_dir: Path,
    config: RunConfig | None = None,
    class_names: bool = False,
) -> DNNClassifier:
    """Returns the classifier of a description.

    Args:
      description: Of the model.
      model_dir: Of its checkpoints.
      config: None: the default one.
      class_names: Whether predictions say classes by name, for callers without the description.
    """
    mean = np.asarray(description.mean, np.float32)
    scale = np.asarray(description.scale, np.float32)
    column = feature_column.numeric_column(
        FEATURE, shape=(len(description.features),), normalizer_fn=lambda x: (x - mean) / scale
    )
    return DNNClassifier(
        feature_columns=[column],
        hidden_units=description.hidden_units,
        model_dir=str(model_dir),
        n_classes=len(description.classes),
        label_vocabulary=list(description.classes) if class_names else None,
        optimizer=OPTIMIZERS[description.optimizer](description.learning_rate),
        config=config,
    )


def class_ids(table: Table, description: Description) -> npt.NDArray[np.int64]:
    """Returns the class of each row. Raises: DataError for a label the model does not know."""
    ids = {label: i for i, label in enumerate(description.classes)}
    column = table.column(description.label)
    labels = column.labels()
    for row, label in enumerate(labels):
        if label not in ids:
            raise DataError(
                f"{column.where(row)}: expected one of the classes that the model was trained on "
                f"({', '.join(description.classes)}), found {label!r}; to train on other classes, "
                "use another --model-dir"
            )
    return np.array([ids[label] for label in labels], np.int64)


def train_input(
    features: npt.NDArray[np.float32], labels: npt.NDArray[np.int64], batch_size: int
) -> Callable[[], data.Dataset]:
    """Returns an input_fn: shuffled batches without end."""
    return lambda: (
        data.Dataset.from_tensor_slices(({FEATURE: features}, labels))
        .shuffle(len(labels))
        .repeat()
        .batch(batch_size)
    )


def eval_input(
    features: npt.NDArray[np.float32], labels: npt.NDArray[np.int64] | None = None
) -> Callable[[], data.Dataset]:
    """Returns an input_fn: every row once, in order."""
    rows: Any = {FEATURE: features} if labels is None else ({FEATURE: features}, labels)
    return lambda: data.Dataset.from_tensor_slices(rows).batch(1024)
