"""Tests of holdfast.data: every method against a plain-Python model of TensorFlow's rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import holdfast as tf
from holdfast import _core, errors
from holdfast._tensor import apply
from holdfast.data._structure import TensorSpec

Dataset = tf.data.Dataset


def rows(dataset: Any) -> list[Any]:
    return [value.tolist() for value in dataset]


# --- a plain-Python model -------------------------------------------------------------------------

stages = st.lists(
    st.one_of(
        st.tuples(st.just("repeat"), st.integers(0, 3)),
        st.tuples(st.just("take"), st.integers(-1, 12)),
        st.tuples(st.just("skip"), st.integers(0, 5)),
        st.tuples(st.just("shard"), st.integers(1, 3)),
        st.tuples(st.just("batch"), st.integers(1, 5)),
        st.tuples(st.just("concatenate"), st.integers(0, 4)),
    ),
    max_size=6,
)


def batches_of(items: list[Any], size: int, drop_remainder: bool) -> list[list[Any]]:
    batches = [items[i : i + size] for i in range(0, len(items), size)]
    return [b for b in batches if len(b) == size or not drop_remainder]


@settings(max_examples=200, deadline=None)
@given(
    count=st.integers(0, 12), stages=stages, drop_remainder=st.booleans(), ahead=st.integers(0, 9)
)
def test_stages_agree_with_lists(
    count: int, stages: list[tuple[str, int]], drop_remainder: bool, ahead: int
) -> None:
    dataset, model, batched = Dataset.range(count), list[Any](range(count)), False
    for name, number in stages:
        if name == "repeat":
            dataset, model = dataset.repeat(number), model * number
        elif name == "take":
            dataset, model = dataset.take(number), model if number < 0 else model[:number]
        elif name == "skip":
            dataset, model = dataset.skip(number), model[number:]
        elif name == "shard":
            dataset, model = dataset.shard(number, number - 1), model[number - 1 :: number]
        elif name == "concatenate" and not batched:
            dataset, model = dataset.concatenate(Dataset.range(number)), model + list(range(number))
        elif name == "batch" and not batched:
            batched = True
            dataset = dataset.batch(number, drop_remainder)
            model = batches_of(model, number, drop_remainder)
    assert rows(dataset) == model
    assert len(dataset) == len(model)
    stream = dataset._core.make_input(1)
    stream.skip(ahead)
    assert stream.consumed == min(ahead, len(model))
    rest = stream.next()
    assert (None if rest is None else rest[0].tolist()) == (
        model[ahead] if ahead < len(model) else None
    )


@settings(max_examples=100, deadline=None)
@given(
    count=st.integers(1, 40),
    buffer_size=st.integers(1, 60),
    epochs=st.integers(1, 4),
    batch_size=st.integers(1, 9),
    seed=st.integers(0, 2**64 - 1),
    position=st.integers(0, 60),
)
def test_shuffled_epochs_are_permutations_found_again_from_any_position(
    count: int, buffer_size: int, epochs: int, batch_size: int, seed: int, position: int
) -> None:
    dataset = Dataset.range(count).shuffle(buffer_size, seed).repeat(epochs)
    order = rows(dataset)
    for epoch in range(epochs):
        passed = order[epoch * count : (epoch + 1) * count]
        assert sorted(passed) == list(range(count))
        # A row can only come out once the buffer has reached it.
        assert all(row < at + buffer_size for at, row in enumerate(passed))
    assert rows(dataset) == order
    batches = dataset.batch(batch_size)
    assert rows(batches) == batches_of(order, batch_size, False)
    stream = batches._core.make_input()
    stream.skip(position)
    left = batches_of(order, batch_size, False)[position:]
    for expected in left:
        values = stream.next()
        assert values is not None
        assert values[0].tolist() == expected
    assert stream.next() is None


def test_shuffle_without_seed_takes_that_of_the_run() -> None:
    core = Dataset.range(30).shuffle(30)._core.batch(30, False)
    orders = [(core.make_input(seed).next() or [])[0].tolist() for seed in (1, 1, 2)]
    assert orders[0] == orders[1]
    assert orders[0] != orders[2]
    dataset = Dataset.range(30).shuffle(30)
    assert rows(dataset) != rows(dataset)  # one chance in 30!


def test_reshuffle_each_iteration_false_repeats_the_order() -> None:
    order = rows(Dataset.range(20).shuffle(20, reshuffle_each_iteration=False).repeat(2))
    assert order[:20] == order[20:]
    order = rows(Dataset.range(20).shuffle(20).repeat(2))
    assert order[:20] != order[20:]


# --- values ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([1.5, 2], tf.float32),
        ([1, 2], tf.int32),
        ([1, 2**40], tf.int64),
        ([True, False], tf.bool),
        (["a", "b"], tf.string),
        (np.array(["a", "b"]), tf.string),
        (np.arange(2), tf.int64),
        (np.arange(2.0), tf.float64),
        (np.arange(2, dtype=np.uint8), tf.uint8),
        (np.arange(2, dtype=">f4"), tf.float32),
        (pd.Series([1, 2]), tf.int64),
        (pd.Series(["a", "b"]), tf.string),
        ([np.float64(1), np.float64(2)], tf.float64),
    ],
)
def test_dtypes_are_those_of_tensorflow(values: Any, dtype: Any) -> None:
    assert Dataset.from_tensor_slices(values).element_spec == TensorSpec([], dtype)


def test_rows_keep_their_nest_and_values() -> None:
    frame = pd.DataFrame({"b": [1.0, 2.0], "a": ["x", "y"]})
    dataset = Dataset.from_tensor_slices((dict(frame), {"label": np.array([[1, 2], [3, 4]])}))
    first, second = dataset
    assert list(first[0]) == ["b", "a"]
    assert first[0]["a"].numpy() == b"x"
    assert second[0]["b"].numpy() == 2.0
    np.testing.assert_array_equal(second[1]["label"].numpy(), [3, 4])
    assert dataset.element_spec == (
        {"a": TensorSpec([], tf.string), "b": TensorSpec([], tf.float64)},
        {"label": TensorSpec([2], tf.int64)},
    )
    assert next(iter(dataset.batch(2))).__class__ is tuple
    assert next(dataset.as_numpy_iterator())[0] == {"a": b"x", "b": 1.0}


def test_a_frame_alone_is_a_matrix() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    assert rows(Dataset.from_tensor_slices(frame)) == [[1.0, 3.0], [2.0, 4.0]]


def test_from_tensors_is_one_element() -> None:
    assert rows(Dataset.from_tensors([1, 2, 3])) == [[1, 2, 3]]


def test_len_and_cardinality() -> None:
    dataset = Dataset.range(5)
    assert len(dataset.batch(2)) == 3
    assert dataset.repeat().cardinality() == tf.data.INFINITE_CARDINALITY
    with pytest.raises(TypeError, match="The dataset is infinite"):
        len(dataset.repeat())
    unknown = Dataset.from_generator(lambda: iter([1]), tf.int32, [])
    assert unknown.cardinality() == tf.data.UNKNOWN_CARDINALITY
    with pytest.raises(TypeError, match="The dataset length is unknown"):
        len(unknown)


def test_methods_without_effect_return_the_same_elements() -> None:
    dataset = Dataset.range(3).prefetch(tf.data.AUTOTUNE).cache()
    dataset = dataset.with_options(tf.data.Options()).apply(lambda d: d.take(2))
    assert rows(dataset.batch(2, num_parallel_calls=4)) == [[0, 1]]


# --- generators -----------------------------------------------------------------------------------


def pairs(count: int = 3) -> Iterator[tuple[dict[str, Any], int]]:
    for i in range(count):
        yield {"x": [i, 2.0 * i], "name": f"row {i}"}, i


TYPES = ({"x": tf.float32, "name": tf.string}, tf.int64)
SHAPES = ({"x": [2], "name": []}, [])


def test_generators_are_called_for_every_pass() -> None:
    dataset = Dataset.from_generator(pairs, TYPES, SHAPES, args=(2,)).repeat(2).batch(3)
    first, second = dataset
    np.testing.assert_array_equal(first[0]["x"], [[0, 0], [1, 2], [0, 0]])
    assert second[0]["name"].tolist() == [b"row 1"]
    assert first[1].dtype == np.int64
    shuffled = Dataset.from_generator(pairs, TYPES, SHAPES, args=(20,)).shuffle(7).repeat(2)
    assert sorted(label.tolist() for _, label in shuffled) == sorted([*range(20)] * 2)


def test_generator_shapes_come_from_the_first_element_or_a_signature() -> None:
    assert Dataset.from_generator(pairs, TYPES).element_spec[0]["x"] == TensorSpec([2])
    signature = (TensorSpec([None], tf.float64), TensorSpec([], "int32"))
    dataset = Dataset.from_generator(
        lambda: iter([([1.0], 1), ([1.0, 2.0], 2)]), output_signature=signature
    )
    assert [x.tolist() for x, _ in dataset] == [[1.0], [1.0, 2.0]]
    with pytest.raises(errors.InvalidArgumentError, match=r"expected rows of shape \[1\]"):
        list(dataset.batch(2))


def test_rows_of_a_reused_buffer_are_kept_apart() -> None:
    def reuse() -> Iterator[Any]:
        buffer = np.zeros(1, np.int64)
        for i in range(4):
            buffer[0] = i
            yield buffer

    assert rows(Dataset.from_generator(reuse, tf.int64, [1]).batch(4)) == [[[0], [1], [2], [3]]]


@pytest.mark.parametrize(
    ("element", "text"),
    [
        ([1, 2], r"of shape \(2,\) where an element of shape \(\) was expected: element 1"),
        ("a", "could not be converted to the expected type: element 1: expected int32; got 'a'"),
        (1.5, "could not be converted to the expected type: element 1: expected int32; got 1.5"),
    ],
)
def test_elements_of_a_generator_are_checked(element: Any, text: str) -> None:
    dataset = Dataset.from_generator(lambda: iter([1, element]), tf.int32, [])
    with pytest.raises(TypeError, match=text):
        list(dataset)


def test_structure_of_a_generated_element_is_checked() -> None:
    dataset = Dataset.from_generator(lambda: iter([(1, 2, 3)]), (tf.int32, tf.int32), ([], []))
    with pytest.raises(TypeError, match=r"element 0: expected \('\?', '\?'\); got \(1, 2, 3\)"):
        list(dataset)


def test_exceptions_of_a_generator_pass_through() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise KeyError("the file ended")

    with pytest.raises(KeyError, match="the file ended"):
        list(Dataset.from_generator(broken, tf.int32, []))


# --- map ------------------------------------------------------------------------------------------


def test_map_unpacks_tuples_and_passes_dicts_whole() -> None:
    x = np.linspace(-2, 2, 5, dtype=np.float32)
    calls = []

    def both(features: Any, label: Any) -> Any:
        calls.append(features)
        return {"y": apply("relu", [features["x"]]), "label": label}

    dataset = Dataset.from_tensor_slices(({"x": x}, np.arange(5))).map(both, num_parallel_calls=2)
    dataset = dataset.map(lambda d: (d["label"], apply("relu", [d["y"]])))
    for label, y in dataset.shuffle(5).repeat(2).batch(3):
        np.testing.assert_array_equal(y, np.maximum(x, 0)[label])
    assert len(calls) == 1
    behind = Dataset.from_tensor_slices(x).batch(2).map(lambda v: apply("relu", [v]))
    assert rows(behind) == [[0, 0], [0, 1], [2]]
    generated = Dataset.from_generator(lambda: iter(x), tf.float32, [])
    assert rows(generated.map(lambda v: apply("relu", [v]))) == [0, 0, 0, 1, 2]


def test_map_refuses_variables_and_nothing() -> None:
    dataset = Dataset.from_tensor_slices(np.zeros(2, np.float32))
    with pytest.raises(errors.InvalidArgumentError, match='made the variable "v"'):
        dataset.map(lambda x: (x, tf.get_variable("v", [1])))
    with pytest.raises(TypeError, match="expected map_func to return tensors; got None"):
        dataset.map(lambda x: None)


# --- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: Dataset.from_tensor_slices({}), ValueError, "expected at least one array"),
        (lambda: Dataset.from_tensor_slices(3), ValueError, "expected rows; got a single value"),
        (
            lambda: Dataset.from_tensor_slices(({"a": [1, 2], "b": [1]}, [1])),
            ValueError,
            "same number of rows in every component; got a: 2, b: 1, component 1: 1",
        ),
        (
            lambda: Dataset.from_tensor_slices({"a": ["x", None]}),
            TypeError,
            "a: expected text in every row; got None in row 1",
        ),
        (
            lambda: Dataset.from_tensor_slices({"t": np.array(["2020-01-01"], "datetime64[D]")}),
            TypeError,
            r"t: expected numbers, booleans or text; got datetime64\[D\]",
        ),
        (lambda: Dataset.range(3).batch(1.5), TypeError, "batch_size: expected an integer; got"),
        (lambda: Dataset.range(3).batch(0), errors.InvalidArgumentError, "at least 1; got 0"),
        (
            lambda: Dataset.range(3).batch(1).batch(1),
            errors.UnimplementedError,
            r"call batch\(\) once",
        ),
        (
            lambda: Dataset.range(3).concatenate(Dataset.from_tensor_slices({"a": [1]})),
            TypeError,
            "concatenate: expected elements of the nest",
        ),
        (
            lambda: Dataset.range(3).concatenate(Dataset.from_tensor_slices([1.0])),
            errors.InvalidArgumentError,
            r"component 0: expected int64 \[\], as in the first dataset; got float32 \[\]",
        ),
        (lambda: Dataset.from_generator(pairs), TypeError, "got neither"),
    ],
)
def test_refusals_name_what_was_expected(call: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        call()


def test_what_numpy_makes_no_array_of_is_numpys_error() -> None:
    with pytest.raises(ValueError, match="inhomogeneous"):
        _core.Dataset.from_table([[[1], [2, 3]]])
