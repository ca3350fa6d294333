"""`numpy_input_fn` and `pandas_input_fn`: input functions over data in memory.

Source: tf.compat.v1.estimator.inputs. Epochs are shuffled one after the other, where TensorFlow's
queue mixes neighbouring ones; every row still comes exactly `num_epochs` times.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from holdfast.data._dataset import Dataset

InputFn = Callable[[], Any]


def numpy_input_fn(
    x: Any,
    y: Any = None,
    batch_size: int = 128,
    num_epochs: int | None = 1,
    shuffle: bool | None = None,
    queue_capacity: int | None = 1000,
    num_threads: int = 1,
) -> InputFn:
    """Returns an input_fn that feeds arrays to a model.

    Args:
      x: A dict of arrays, or one array.
      y: Labels: None, an array, or a dict of arrays with keys that x does not have.
      batch_size: Rows of a batch. Batches run across epochs; only the very last may be short.
      num_epochs: Passes over the data; None means without end.
      shuffle: True or False; there is no default.
      queue_capacity: Rows that are shuffled among each other.
      num_threads: Ignored: the order is that of one thread.

    Raises:
      ValueError: if `shuffle` is no bool, x or y is empty, or a key is in both; when the input_fn
        is called, if lengths differ.
      TypeError: if x is neither a dict nor an array.
    """
    del num_threads
    _check_shuffle(shuffle)
    if isinstance(x, Mapping):
        features: Any = {key: x[key] for key in sorted(x)}
    elif isinstance(x, np.ndarray):
        features = x
    else:
        raise TypeError(f"x must be a dict or array; got {type(x).__name__}")
    if len(features) == 0:
        raise ValueError("x cannot be an empty dict" if isinstance(x, Mapping) else "x is empty")
    labels: Any = y
    if isinstance(y, Mapping):
        if not y:
            raise ValueError("y cannot be empty dict, use None instead.")
        _refuse_shared_keys(features, y)
        labels = {key: y[key] for key in sorted(y)}
    return lambda: _next_batch(features, labels, batch_size, num_epochs, shuffle, queue_capacity)


def pandas_input_fn(
    x: Any,
    y: Any = None,
    batch_size: int = 128,
    num_epochs: int | None = 1,
    shuffle: bool | None = None,
    queue_capacity: int | None = 1000,
    num_threads: int = 1,
    target_column: str = "target",
) -> InputFn:
    """Returns an input_fn that feeds a DataFrame to a model; a feature for each column.

    Args:
      x: A DataFrame.
      y: Labels: None, a Series, or a DataFrame, which gives a dict; with the index of x.
      batch_size: Rows of a batch. Batches run across epochs; only the very last may be short.
      num_epochs: Passes over the data; None means without end.
      shuffle: True or False; there is no default.
      queue_capacity: Rows that are shuffled among each other.
      num_threads: Ignored: the order is that of one thread.
      target_column: A name for y that no column of x may have.

    Raises:
      TypeError: if x is no DataFrame.
      ValueError: if `shuffle` is no bool, the indices differ, or `target_column` is a column of x.
    """
    del num_threads
    if not hasattr(x, "columns") or not hasattr(x, "index"):
        raise TypeError(f"pandas_input_fn: x: expected a DataFrame; got {type(x).__name__}")
    _check_shuffle(shuffle)
    if target_column in x.columns:
        raise ValueError(
            f"Cannot use name {target_column!r} for target column: DataFrame already has a column "
            "with that name"
        )
    if y is not None and not x.index.equals(y.index):
        raise ValueError(
            f"Index for x and y are mismatched.\nIndex for x: {x.index}\nIndex for y: {y.index}"
        )
    features = {name: x[name].to_numpy(copy=True) for name in x.columns}
    labels: Any = y
    if y is not None:
        if hasattr(y, "columns"):
            labels = {name: y[name].to_numpy(copy=True) for name in y.columns}
        else:
            labels = y.to_numpy(copy=True)
    return lambda: _next_batch(features, labels, batch_size, num_epochs, shuffle, queue_capacity)


def _check_shuffle(shuffle: object) -> None:
    if not isinstance(shuffle, bool):
        raise ValueError(
            "shuffle must be provided and explicitly set as boolean "
            f"(it is recommended to set it as True for training); got {shuffle!r}"
        )


def _refuse_shared_keys(x: Any, y: Mapping[Any, Any]) -> None:
    shared = sorted(set(x) & set(y)) if isinstance(x, Mapping) else []
    if shared:
        raise ValueError(
            f"{len(shared)} duplicate keys are found in both x and y: {shared}. "
            "Give the labels other keys"
        )


def _next_batch(
    features: Any,
    labels: Any,
    batch_size: int,
    num_epochs: int | None,
    shuffle: bool | None,
    queue_capacity: int | None,
) -> Any:
    element = features if labels is None else (features, labels)
    dataset = Dataset.from_tensor_slices(element)
    if shuffle:
        rows = max(dataset.cardinality(), 1)
        dataset = dataset.shuffle(4 * rows if queue_capacity is None else queue_capacity)
    batches = dataset.repeat(num_epochs).batch(batch_size)
    return batches.make_one_shot_iterator().get_next()
