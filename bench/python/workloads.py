"""The networks that are compared: shapes, rows, initial weights, and the arithmetic of a step.

Every side gets the same files (`write`), so that all train the same network from the same weights
on the same rows. Needs numpy alone: rivals read this module in environments of their own.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

ACCUMULATOR = 0.1  # where Adagrad's accumulators start, as in TensorFlow
WIDE = 100  # from so many numbers on, a row is one column; below, each number is a column
_NOISE = 0.1  # share of labels that are random: without them the gradients would fade away
_ZIPF = 1.2


@dataclasses.dataclass(frozen=True)
class Workload:
    """One network with its data.

    Args:
      key: Short name, for the command line and files.
      name: As tables print it.
      numeric: Numbers of a row.
      hidden: Units of each hidden layer, ReLU.
      classes: 2 makes one logit and a sigmoid, as in DNNClassifier; more a softmax.
      rows: In memory.
      batch: Rows of a step.
      learning_rate: Of Adagrad for losses summed over the batch; small enough that the losses of
        two sides can be compared step by step.
      categorical: Columns of ids, one id a row each.
      buckets: How many ids a column has.
      dimension: Of each embedding.
    """

    key: str
    name: str
    numeric: int
    hidden: tuple[int, ...]
    classes: int
    rows: int
    batch: int
    learning_rate: float = 0.001
    categorical: int = 0
    buckets: int = 0
    dimension: int = 0

    @property
    def logits(self) -> int:
        """Columns of the last layer."""
        return 1 if self.classes == 2 else self.classes

    @property
    def sizes(self) -> list[int]:
        """Columns of the input of each layer, and of the logits."""
        embedded = self.categorical * self.dimension
        return [self.numeric + embedded, *self.hidden, self.logits]

    @property
    def numeric_keys(self) -> list[str]:
        """Names of the numeric columns; sorted, they come in the order of the table."""
        return ["n"] if self.numeric >= WIDE else [f"n{i:02}" for i in range(self.numeric)]

    @property
    def categorical_keys(self) -> list[str]:
        """Names of the columns of ids, which sort before the numeric ones."""
        return [f"c{i:02}" for i in range(self.categorical)]

    def layers(self) -> list[tuple[str, int, int]]:
        """Returns name, inputs and outputs of each dense layer."""
        names = [f"hiddenlayer_{i}" for i in range(len(self.hidden))] + ["logits"]
        pairs = itertools.pairwise(self.sizes)
        return [(name, a, b) for name, (a, b) in zip(names, pairs, strict=True)]


WORKLOADS = (
    Workload("iris", "Iris 4-10-10-3, batch 100", 4, (10, 10), 3, 120, 100, 0.05),
    Workload("higgs", "HIGGS-like 28-300x4-2, batch 1024", 28, (300,) * 4, 2, 16384, 1024),
    Workload("mnist", "MNIST-like 784-1024-1024-10, batch 256", 784, (1024, 1024), 10, 8192, 256),
    Workload(
        "criteo",
        "Criteo-like 13 + 26 x 100,000 ids, 400x3, batch 2048",
        13,
        (400,) * 3,
        2,
        65536,
        2048,
        categorical=26,
        buckets=100_000,
        dimension=16,
    ),
)


def multiply_adds(workload: Workload) -> int:
    """Returns the multiply-adds of the matrix products of one step.

    Forward, weight gradient and input gradient of each layer; of the first layer, only the input
    gradient of columns that need one, which are the embedded ones. Nothing else is counted.
    """
    products = [a * b for a, b in itertools.pairwise(workload.sizes)]
    embedded = workload.categorical * workload.dimension
    input_gradients = embedded * workload.sizes[1] + sum(products[1:])
    return workload.batch * (2 * sum(products) + input_gradients)


def rows_of(workload: Workload) -> dict[str, Any]:
    """Returns `numeric` float32 [rows, n], `ids` int64 [rows, m] and `labels` int64 [rows].

    Each class has a centre, and numbers are near it, so that there is something to learn; ids are
    drawn from a Zipf distribution and then renamed, so that frequent ones are no neighbours.
    """
    if workload.key == "iris":
        return _iris()
    rng = np.random.default_rng(0)
    count = workload.rows
    labels = rng.integers(0, workload.classes, count)
    centres = rng.random((workload.classes, workload.numeric), np.float32)
    numeric = (centres[labels] + rng.random((count, workload.numeric), np.float32)) / 2
    random = rng.random(count) < _NOISE
    labels[random] = rng.integers(0, workload.classes, int(random.sum()))
    ids = np.empty((count, workload.categorical), np.int64)
    if workload.categorical:
        weights = np.arange(1, workload.buckets + 1, dtype=np.float64) ** -_ZIPF
        steps = np.cumsum(weights / weights.sum())
        for i in range(workload.categorical):
            ranks = np.searchsorted(steps, rng.random(count), side="right")
            ids[:, i] = rng.permutation(workload.buckets)[np.minimum(ranks, workload.buckets - 1)]
    return {"numeric": numeric.astype(np.float32), "ids": ids, "labels": labels.astype(np.int64)}


def _iris() -> dict[str, Any]:
    """Returns 120 of the 150 rows of the table that ships with holdfast."""
    import holdfast  # only the program that writes the files needs it

    path = Path(holdfast.__path__[0]) / "cli" / "iris.csv"
    cells = [line.split(",") for line in path.read_text().splitlines()[1:]]
    names = sorted({cell[4] for cell in cells})
    chosen = [cell for i, cell in enumerate(cells) if i % 5]
    return {
        "numeric": np.array([cell[:4] for cell in chosen], np.float32),
        "ids": np.empty((len(chosen), 0), np.int64),
        "labels": np.array([names.index(cell[4]) for cell in chosen], np.int64),
    }


def weights_of(workload: Workload) -> dict[str, Any]:
    """Returns kernels (Glorot, uniform), zero biases and embeddings (normal) by short names.

    `hiddenlayer_0/kernel`, `logits/bias` and so on, and `embeddings` [columns, ids, dimension].
    """
    rng = np.random.default_rng(1)
    weights: dict[str, Any] = {}
    for name, inputs, outputs in workload.layers():
        limit = np.sqrt(6.0 / (inputs + outputs))
        kernel = rng.uniform(-limit, limit, (inputs, outputs)).astype(np.float32)
        weights[f"{name}/kernel"] = kernel
        weights[f"{name}/bias"] = np.zeros(outputs, np.float32)
    if workload.categorical:
        shape = (workload.categorical, workload.buckets, workload.dimension)
        scale = np.float32(workload.dimension**-0.5)
        weights["embeddings"] = rng.standard_normal(shape, np.float32) * scale
    return weights


def write(workload: Workload, folder: Path) -> None:
    """Writes a workload's description, rows and weights, for `read` in any process."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "workload.json").write_text(json.dumps(dataclasses.asdict(workload)))
    np.savez(folder / "rows.npz", **rows_of(workload))
    np.savez(folder / "weights.npz", **weights_of(workload))


def read(folder: Path) -> tuple[Workload, dict[str, Any], dict[str, Any]]:
    """Returns the workload, its rows and its weights."""
    fields = json.loads((folder / "workload.json").read_text())
    workload = Workload(**{**fields, "hidden": tuple(fields["hidden"])})
    with np.load(folder / "rows.npz") as rows, np.load(folder / "weights.npz") as weights:
        return workload, dict(rows), dict(weights)


def feature_columns(workload: Workload, rows: dict[str, Any]) -> dict[str, Any]:
    """Returns the rows as Estimators get them: an array for each column."""
    numeric = rows["numeric"]
    if workload.numeric >= WIDE:
        columns = {workload.numeric_keys[0]: numeric}
    else:
        split = (np.ascontiguousarray(column) for column in numeric.T)
        columns = dict(zip(workload.numeric_keys, split, strict=True))
    for key, column in zip(workload.categorical_keys, rows["ids"].T, strict=True):
        columns[key] = np.ascontiguousarray(column)
    return columns


def checkpoint_names(workload: Workload, weights: dict[str, Any]) -> dict[str, Any]:
    """Returns the weights by the names that a DNNClassifier (V1) gives them."""
    scope = "dnn/input_from_feature_columns/input_layer"
    named = {f"dnn/{name}": value for name, value in weights.items() if name != "embeddings"}
    for i, key in enumerate(workload.categorical_keys):
        named[f"{scope}/{key}_embedding/embedding_weights"] = weights["embeddings"][i]
    return named


def batches_in_order(workload: Workload, count: int) -> list[Any]:
    """Returns the row numbers of the first batches, rows repeated without a break."""
    size = workload.batch
    return [np.arange(i * size, (i + 1) * size) % workload.rows for i in range(count)]


def whole_batches(workload: Workload) -> tuple[int, int]:
    """Returns how often rows are repeated to make an epoch of at least 50 whole batches; and those.

    For sides that end an epoch with the rows that are left, and have work to do between epochs.
    """
    times = workload.batch // math.gcd(workload.rows, workload.batch)
    batches = times * workload.rows // workload.batch
    more = -(-50 // batches)
    return times * more, batches * more


def slices(rows: Any, batch: int) -> list[Any]:
    """Returns whole batches of neighbouring rows, at most 64 of them."""
    count = min(64, len(rows) // batch)
    return [rows[i * batch : (i + 1) * batch] for i in range(count)]
