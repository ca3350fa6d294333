"""Numeric columns and input_layer: values, order, and a sentence for every mistake."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import holdfast as tf
from holdfast import _core

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "units.json").read_text())[
    "feature_columns"
]
fc = tf.feature_column


def test_golden_outputs() -> None:
    features = {"x": np.asarray(GOLDEN["features"]["x"], np.float32)}
    plain = fc.input_layer(features, [fc.numeric_column("x", shape=2)])
    assert plain.tolist() == GOLDEN["columns"]["numeric x shape 2"]["output"]
    column = fc.numeric_column("x", 2, normalizer_fn=lambda v: (v - 2) * 10)
    moved = fc.input_layer(features, column)
    assert moved.tolist() == GOLDEN["columns"]["numeric x normalizer (v-2)*10"]["output"]


def test_columns_are_sorted_by_name_whatever_the_order_given() -> None:
    names = ["SepalLength", "PetalWidth", "b", "PetalLength"]
    features = {n: np.asarray([float(i)], np.float32) for i, n in enumerate(names)}
    row = fc.input_layer(features, (fc.numeric_column(n) for n in names))
    # PetalLength, PetalWidth, SepalLength, b: upper case first
    assert row.tolist() == [[3.0, 1.0, 0.0, 2.0]]


def test_integers_and_bools_become_float32() -> None:
    features = {"i": np.array([3, 4]), "b": np.array([[True], [False]])}
    rows = fc.input_layer(features, [fc.numeric_column("i"), fc.numeric_column("b")])
    assert rows.dtype == np.float32
    assert rows.tolist() == [[1.0, 3.0], [0.0, 4.0]]


def test_normalizer_sees_the_dtype_of_the_feature() -> None:
    seen: list[Any] = []

    def normalize(value: tf.Tensor) -> tf.Tensor:
        seen.append((tf.as_dtype(value.dtype).name, len(value.shape)))
        return value - 2.0**24

    # 2^24 + 1 is no float32: the difference is 1 only in float64.
    features = {"x": np.array([2.0**24 + 1], np.float64)}
    rows = fc.input_layer(features, [fc.numeric_column("x", normalizer_fn=normalize)])
    assert rows.tolist() == [[1.0]]
    assert seen == [("float64", 2)]


def test_shape_of_several_axes_is_flattened() -> None:
    features = {"m": np.arange(12, dtype=np.float32).reshape(2, 2, 3)}
    rows = fc.input_layer(features, [fc.numeric_column("m", shape=(2, 3))])
    assert rows.tolist() == [[0.0, 1.0, 2.0, 3.0, 4.0, 5.0], [6.0, 7.0, 8.0, 9.0, 10.0, 11.0]]


def test_graph_is_one_concat_over_views() -> None:
    with tf.Graph().as_default() as graph:
        features = {n: tf.placeholder(tf.float32, [None], name=n) for n in ("b", "a")}
        with tf.variable_scope("dnn/input_from_feature_columns"):
            net = fc.input_layer(features, [fc.numeric_column("b"), fc.numeric_column("a")])
    assert (net.name, net.shape) == (
        "dnn/input_from_feature_columns/input_layer/concat:0",
        [None, 2],
    )
    assert net.op.type == "concat"
    for part, key in zip(net.op.inputs, ("a", "b"), strict=True):
        assert part.name == f"dnn/input_from_feature_columns/input_layer/{key}/Reshape:0"
        assert (part.op.type, part.op.inputs[0].op.type) == ("reshape", "expand_dims")
    del graph


def test_second_input_layer_has_a_scope_of_its_own() -> None:
    with tf.Graph().as_default():
        features = {"a": tf.placeholder(tf.float32, [None, 1])}
        names = [fc.input_layer(features, fc.numeric_column("a")).name for _ in range(2)]
    assert names == ["input_layer/concat:0", "input_layer_1/concat:0"]


def test_outputs_of_columns_are_reported() -> None:
    column = fc.numeric_column("a")
    outputs: dict[Any, Any] = {}
    variables: dict[Any, Any] = {}
    fc.input_layer({"a": [1.0, 2.0]}, [column], None, True, variables, outputs)
    assert outputs[column].tolist() == [[1.0], [2.0]]
    assert variables == {column: []}


def test_columns_are_values() -> None:
    assert fc.numeric_column("a", 2) == fc.numeric_column("a", (2,))
    assert fc.numeric_column("a") != fc.numeric_column("b")
    assert len({fc.numeric_column("a"), fc.numeric_column("a")}) == 1
    column = fc.numeric_column("a", [2, 1], default_value=3.0)
    assert (column.name, column.shape, column.default_value) == ("a", (2, 1), ((3.0,), (3.0,)))
    with pytest.raises(AttributeError):
        column.key = "b"  # type: ignore[misc]


CONSTRUCTOR_MISTAKES: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"key": 3}, ValueError, r"key must be a string\. Got: type <class 'int'>\. Given: 3"),
    ({"shape": [1.5]}, TypeError, r"shape dimensions must be integer\. shape: \[1\.5\], key: x"),
    ({"shape": 0}, ValueError, r"must be greater than 0\. shape: 0, key: x"),
    ({"dtype": tf.string}, ValueError, r"dtype must be convertible to float\. .* key: x"),
    ({"dtype": tf.bool}, ValueError, "dtype must be convertible to float"),
    ({"shape": 2, "default_value": [1.0]}, ValueError, "The shape of default_value must be equal"),
    ({"dtype": tf.int32, "default_value": 1.5}, TypeError, "default_value must be compatible"),
    ({"default_value": "a"}, TypeError, "default_value must be a number"),
    ({"normalizer_fn": 3}, TypeError, r"normalizer_fn must be a callable\. Given: 3"),
]


@pytest.mark.parametrize(("arguments", "error", "text"), CONSTRUCTOR_MISTAKES)
def test_mistake_in_a_column(arguments: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        fc.numeric_column(**{"key": "x", **arguments})


X = np.zeros((4, 3), np.float32)
LAYER_MISTAKES: list[tuple[Any, Any, str]] = [
    ({"x": X}, [], "feature_columns must not be empty"),
    (
        {"x": X},
        {"x": fc.numeric_column("x")},
        "Expected feature_columns to be iterable, found dict",
    ),
    ({"x": X}, ["x"], r"must be a dense column: .* Given: 'x'"),
    ({"x": X}, [fc.numeric_column("x", 3)] * 2, "Duplicate feature column name found"),
    ({"y": X, "a": X}, fc.numeric_column("x"), r"expected the key 'x'; the features are 'a', 'y'"),
    ({"x": np.float32(1)}, fc.numeric_column("x"), r"Feature \(key: x\) cannot have rank 0"),
    (
        {"x": X},
        fc.numeric_column("x", 2),
        r"\(key: x\): expected shape \[batch, 2\].*got \(4, 3\)\. Set numeric_column\('x', "
        r"shape=\[3\]\)",
    ),
    (
        {"x": np.array(["a"])},
        fc.numeric_column("x"),
        r"\(key: x\): expected numbers .* got strings",
    ),
    (X, fc.numeric_column("x"), "features: expected a dict of tensors; got ndarray"),
]


@pytest.mark.parametrize(("features", "columns", "text"), LAYER_MISTAKES)
def test_mistake_in_the_layer(features: Any, columns: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        fc.input_layer(features, columns)


def test_key_with_a_space_cannot_name_a_scope() -> None:
    with tf.Graph().as_default():
        features = {"x y": tf.placeholder(tf.float32, [None])}
        with pytest.raises(ValueError, match="'x y' is not a valid name"):
            fc.input_layer(features, [fc.numeric_column("x y")])


def test_result_in_a_graph_is_that_on_arrays() -> None:
    columns = [fc.numeric_column("x", 3), fc.numeric_column("a")]
    features = {"x": np.arange(12, dtype=np.float32).reshape(4, 3), "a": np.arange(4)}
    with tf.Graph().as_default() as graph:
        net = fc.input_layer({k: tf.constant(v) for k, v in features.items()}, columns)
    fetched = _core.Trainer(graph.core, 0).run(1, [], [net.node]).fetched[0]
    np.testing.assert_array_equal(fetched, fc.input_layer(features, columns))
    assert fetched[1].tolist() == [1.0, 3.0, 4.0, 5.0]
