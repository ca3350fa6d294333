"""What an input_fn may return, and the input functions of arrays and frames."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import holdfast as tf
from holdfast._tensor import apply
from holdfast.data._input import resolve
from holdfast.inputs import numpy_input_fn, pandas_input_fn

Dataset = tf.data.Dataset


# --- what an input_fn returns ---------------------------------------------------------------------

FEATURES = {"SepalLength": np.arange(4, dtype=np.float32), "PetalWidth": np.ones((4, 2))}
LABELS = np.arange(4)


def test_resolve_names_the_components_of_a_dataset() -> None:
    found = resolve(Dataset.from_tensor_slices((FEATURES, LABELS)).batch(2))
    assert found.features["PetalWidth"].index == 0
    assert found.features["PetalWidth"].shape == (None, 2)
    assert found.features["SepalLength"].name == "SepalLength"
    assert found.labels.name == "labels"
    assert [c.name for c in found.components if c] == ["PetalWidth", "SepalLength", "labels"]
    assert resolve(Dataset.from_tensor_slices(LABELS)).features.name == "features"


def test_resolve_repeats_arrays_for_ever() -> None:
    found = resolve((FEATURES, LABELS))
    assert found.dataset.cardinality() == tf.data.INFINITE_CARDINALITY
    stream = found.dataset.make_input()
    for _ in range(3):
        values = stream.next()
        assert values is not None
        np.testing.assert_array_equal(values[found.labels.index], LABELS)
    assert resolve(FEATURES).labels is None


def test_resolve_takes_get_next_as_it_is_or_computed_with() -> None:
    dataset = Dataset.from_tensor_slices((FEATURES, LABELS)).batch(3)
    features, labels = tf.data.make_one_shot_iterator(dataset).get_next()
    found = resolve(({"only": features["SepalLength"]}, labels))
    assert (found.features["only"].index, found.labels.index) == (1, 2)
    assert found.components[0] is None
    found = resolve(({"r": apply("relu", [features["SepalLength"]])}, labels))
    values = found.dataset.make_input().next()
    assert values is not None
    assert values[found.features["r"].index].tolist() == [0, 1, 2]
    other = dataset.make_initializable_iterator().get_next()
    with pytest.raises(ValueError, match="features and labels of one iterator"):
        resolve((features, other[1]))


def test_resolve_repeats_constants_made_by_the_graph() -> None:
    with tf.Graph().as_default():
        found = resolve(({"x": tf.constant([[1.0], [2.0]])}, tf.constant([0, 1])))
    stream = found.dataset.make_input()
    assert stream.next() is not None
    values = stream.next()
    assert values is not None
    assert values[found.features["x"].index].tolist() == [[1.0], [2.0]]


def test_resolve_refuses_other_lengths_and_nothing() -> None:
    with pytest.raises(ValueError, match="as a len 2 tuple; got 3 items"):
        resolve((1, 2, 3))
    with pytest.raises(ValueError, match="as a len 2 tuple; got 1 items"):
        resolve(Dataset.from_tensor_slices((LABELS,)))
    with pytest.raises(ValueError, match="Is a return statement missing"):
        resolve(None)


# --- numpy_input_fn, pandas_input_fn --------------------------------------------------------------


def read(result: Any) -> list[list[Any]]:
    stream = resolve(result).dataset.make_input(5)
    batches = []
    while (values := stream.next()) is not None and len(batches) < 50:
        batches.append([value.tolist() for value in values])
    return batches


def test_numpy_input_fn_batches_across_epochs() -> None:
    x = {"x": np.arange(10)}
    batches = read(numpy_input_fn(x, batch_size=4, num_epochs=2, shuffle=False)())
    assert [b[0] for b in batches] == [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
        [8, 9, 0, 1],  # the last rows of one epoch and the first of the next
        [2, 3, 4, 5],
        [6, 7, 8, 9],
    ]
    batches = read(numpy_input_fn(x, batch_size=4, num_epochs=None, shuffle=False)())
    assert len(batches) == 50
    assert all(len(b[0]) == 4 for b in batches)
    shuffled = read(numpy_input_fn(x, np.arange(10), 5, 2, shuffle=True)())
    assert sorted(row for b in shuffled for row in b[0]) == sorted([*range(10)] * 2)
    assert all(b[0] == b[1] for b in shuffled)


def test_numpy_input_fn_accepts_one_array_and_dicts_of_labels() -> None:
    assert read(numpy_input_fn(np.arange(3), shuffle=False)()) == [[[0, 1, 2]]]
    features, labels = numpy_input_fn({"x": LABELS}, {"a": LABELS, "b": LABELS}, shuffle=False)()
    assert set(features) == {"x"}
    assert set(labels) == {"a", "b"}


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: numpy_input_fn({"x": LABELS}), ValueError, "explicitly set as boolean"),
        (lambda: numpy_input_fn([1, 2], shuffle=False), TypeError, "x must be a dict or array"),
        (lambda: numpy_input_fn({}, shuffle=False), ValueError, "x cannot be an empty dict"),
        (lambda: numpy_input_fn(FEATURES, {}, shuffle=False), ValueError, "y cannot be empty"),
        (
            lambda: numpy_input_fn({"x": LABELS}, {"x": LABELS}, shuffle=False),
            ValueError,
            r"duplicate keys are found in both x and y: \['x'\]",
        ),
        (
            lambda: numpy_input_fn({"x": LABELS}, LABELS[:2], shuffle=False)(),
            ValueError,
            "x: 4, component 1: 2",
        ),
        (lambda: pandas_input_fn(LABELS, shuffle=False), TypeError, "expected a DataFrame"),
        (
            lambda: pandas_input_fn(pd.DataFrame({"target": [1]}), shuffle=False),
            ValueError,
            "Cannot use name 'target' for target column",
        ),
        (
            lambda: pandas_input_fn(
                pd.DataFrame({"a": [1]}), pd.Series([1], index=[7]), shuffle=False
            ),
            ValueError,
            "Index for x and y are mismatched",
        ),
    ],
)
def test_input_fns_refuse(call: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        call()


def test_pandas_input_fn_feeds_columns() -> None:
    frame = pd.DataFrame({"a": [1, 2, 3], "b": ["x", "y", "z"]})
    features, labels = pandas_input_fn(frame, pd.Series([0, 1, 0]), batch_size=2, shuffle=False)()
    assert set(features) == {"a", "b"}
    assert read((features, labels)) == [[[1, 2], [b"x", b"y"], [0, 1]], [[3], [b"z"], [0]]]
