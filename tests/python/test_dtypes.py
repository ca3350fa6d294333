"""DType and TensorShape."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import holdfast as tf

TABLE = [
    ("float32", tf.float32),
    (np.float32, tf.float32),
    (np.dtype("f8"), tf.float64),
    (float, tf.float32),
    (int, tf.int32),
    (bool, tf.bool),
    (str, tf.string),
    (bytes, tf.string),
    (np.dtype("<U7"), tf.string),
    (object, tf.string),
    ("half", tf.float16),
    ("double", tf.float64),
    (tf.int64, tf.int64),
]


@pytest.mark.parametrize(("value", "dtype"), TABLE)
def test_as_dtype(value: object, dtype: tf.DType) -> None:
    assert tf.as_dtype(value) is dtype
    assert dtype == value


@pytest.mark.parametrize("value", [None, "floaty", 3, np.dtype("M8[s]"), complex])
def test_as_dtype_refuses_and_lists_what_there_is(value: object) -> None:
    with pytest.raises(TypeError, match="dtype: expected one of bool, double, float"):
        tf.as_dtype(value)
    assert tf.float32 != value


def test_dtype_answers_as_tensorflow_does() -> None:
    assert (tf.float64.name, tf.float64.as_numpy_dtype, tf.float64.size) == (
        "float64",
        np.float64,
        8,
    )
    assert tf.float32.is_floating
    assert not tf.int32.is_floating
    assert tf.uint8.is_integer
    assert tf.uint8.is_unsigned
    assert not tf.bool.is_integer
    assert (tf.int32.max, tf.uint8.min) == (2**31 - 1, 0)
    assert str(tf.string) == "<dtype: 'string'>"
    assert repr(tf.int64) == "tf.int64"
    assert pickle.loads(pickle.dumps(tf.int64)) is tf.int64
    with pytest.raises(TypeError, match="string has no smallest or largest value"):
        _ = tf.string.max


def test_shape_is_a_tuple_with_unknown_sizes() -> None:
    shape = tf.TensorShape([-1, 3, None])
    assert shape == [None, 3, None]
    assert shape == (None, 3, None)
    assert shape.as_list() == [None, 3, None]
    assert (shape.ndims, shape.rank, len(shape)) == (3, 3, 3)
    assert (str(shape), repr(shape)) == ("(?, 3, ?)", "TensorShape([None, 3, None])")
    assert shape[1] == 3
    assert shape[1].value == 3
    assert shape[:2] == [None, 3]
    assert shape.num_elements() is None
    assert not shape.is_fully_defined()
    assert tf.TensorShape([2, 3]).num_elements() == 6
    assert shape.is_compatible_with([7, 3, 1])
    assert not shape.is_compatible_with([7, 4, 1])
    assert not shape.is_compatible_with([7, 3])
    assert str(tf.TensorShape(5)) == "(5,)"
