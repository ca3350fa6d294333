"""tf.train.Example as features: what TensorFlow's parser does, case by case (interop.md, 8)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import exported as ex
import numpy as np
import pytest

import holdfast as hf
from holdfast import errors
from holdfast._tensor import apply
from holdfast.io import FixedLenFeature, VarLenFeature, parse_example


def parse(messages: list[bytes], **spec: FixedLenFeature | VarLenFeature) -> dict[str, Any]:
    """Runs the operations over one batch."""
    from holdfast import _core

    graph = hf.Graph()
    with graph.as_default():
        tensors = parse_example(hf.constant(np.array(messages, object)), spec)
    trainer = _core.Trainer(graph.core, 1)
    fetched = trainer.run(1, [], [tensors[key].node for key in spec]).fetched
    return dict(zip(spec, fetched, strict=True))


FLOATS = FixedLenFeature([2], hf.float32)


@pytest.mark.parametrize("packed", [True, False])
def test_values_packed_or_one_by_one(packed: bool) -> None:
    message = ex.example(
        {
            "f": ex.feature([1.5, -2.0], packed),
            "i": ex.feature([7, -(2**40)], packed),
            "s": ex.feature([b"\xff", b""], packed),
        }
    )
    got = parse(
        [message, message],
        f=FLOATS,
        i=FixedLenFeature([2], hf.int64),
        s=FixedLenFeature([1, 2], hf.string),
    )
    assert got["f"].tolist() == [[1.5, -2.0]] * 2
    assert got["i"].tolist() == [[7, -(2**40)]] * 2
    assert got["s"].tolist() == [[[b"\xff", b""]]] * 2


def test_a_shape_of_nothing_is_one_value() -> None:
    got = parse([ex.example({"x": ex.feature([3.5])})], x=FixedLenFeature([], hf.float32))
    assert got["x"].shape == (1,)


def test_keys_that_nobody_wants_are_passed_over() -> None:
    message = ex.example({"a": ex.feature([b"x"]), "f": ex.feature([1.0, 2.0])})
    assert parse([message], f=FLOATS)["f"].tolist() == [[1.0, 2.0]]


def test_of_a_key_that_comes_twice_the_last_counts() -> None:
    message = ex.example([("f", ex.feature([1.0, 2.0])), ("f", ex.feature([3.0, 4.0]))])
    assert parse([message], f=FLOATS)["f"].tolist() == [[3.0, 4.0]]


def test_what_is_missing_takes_the_default() -> None:
    spec = FixedLenFeature([2], hf.float32, [8.0, 9.0])
    for message in (b"", ex.example({}), ex.example({"f": b""})):
        assert parse([message], f=spec)["f"].tolist() == [[8.0, 9.0]]


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        (b"", 'Feature "f" of record 0 is required but could not be found'),
        (ex.example({"f": b""}), "is required but could not be found"),
        (
            ex.example({"f": ex.feature([1.0])}),
            'Feature "f" of record 0 has 1 values, expected 2 for the shape [2]',
        ),
        (ex.example({"f": ex.feature([1.0] * 3)}), "has 3 values, expected 2"),
        (ex.example({"f": ex.field(2, b"")}), "has 0 values, expected 2"),
        (ex.example({"f": ex.feature([1, 2])}), "has other values than float32: integers"),
        (b"\xff", "Could not parse example input, record 0: protobuf message: expected"),
        (ex.field(1, b"\x0a\x05"), "Could not parse example input, record 0"),
        (ex.example({"f": b"\x12\x7f"}), 'Feature "f" of record 0 is malformed'),
        (ex.example({"f": ex.field(2, ex.field(1, b"123"))}), "is malformed"),
    ],
)
def test_what_is_wrong_is_named(message: bytes, problem: str) -> None:
    with pytest.raises(errors.InvalidArgumentError) as caught:
        parse([message], f=FLOATS)
    assert problem in str(caught.value)


def test_an_empty_list_is_an_error_even_with_a_default() -> None:
    message = ex.example({"f": ex.field(2, b"")})
    with pytest.raises(errors.InvalidArgumentError, match="has 0 values, expected 2"):
        parse([message], f=FixedLenFeature([2], hf.float32, [8.0, 9.0]))


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({}, "Missing: features was {}"),
        ({"x": hf.float32}, "Invalid feature x: expected a FixedLenFeature"),
        ({"x": FixedLenFeature([1], hf.int32)}, "expected dtype float32, int64 or string, got int"),
        ({"x": FixedLenFeature([None], hf.int64)}, "All dimensions of shape for feature x need"),
        ({"x": FixedLenFeature([2], hf.int64, 1)}, r"expected a default of shape \[2\], got one"),
    ],
)
def test_a_specification_is_checked(spec: dict[str, Any], message: str) -> None:
    with hf.Graph().as_default(), pytest.raises(ValueError, match=message):
        parse_example(hf.placeholder(hf.string, [None]), spec)


def test_columns_say_what_examples_must_hold() -> None:
    column = hf.feature_column.numeric_column
    spec = hf.feature_column.make_parse_example_spec(
        [column("a"), column("b", shape=2, default_value=1.0), column("c", dtype=hf.int64)]
    )
    assert spec == {
        "a": FixedLenFeature((1,), hf.float32, None),
        "b": FixedLenFeature((2,), hf.float32, [1.0, 1.0]),
        "c": FixedLenFeature((1,), hf.int64, None),
    }
    with pytest.raises(ValueError, match="different parse_spec for key a"):
        hf.feature_column.make_parse_example_spec([column("a"), column("a", shape=2)])
    with pytest.raises(ValueError, match="must be numeric columns"):
        hf.feature_column.make_parse_example_spec(["a"])


def test_an_export_keeps_defaults(tmp_path: Path) -> None:
    spec = {"x": FixedLenFeature([2], hf.float32, [0.5, 0.25])}
    receiver = hf.estimator.export.build_parsing_serving_input_receiver_fn(spec)
    estimator = ex.untrained(
        lambda f: f["x"] * 2.0, {"x": np.ones((1, 2), np.float32)}, tmp_path / "model"
    )
    model = ex.exported(estimator, tmp_path / "export", receiver)
    got = model([b"", ex.example({"x": ex.feature([3.0, 4.0])})])
    assert got["output"].tolist() == [[1.0, 0.5], [6.0, 8.0]]


def test_features_of_any_length_are_filled_up() -> None:
    full = {"i": [7, 8, 9], "s": [b"a", b"", b"c"], "f": [1.5, -0.0, 2.5]}
    messages = [
        ex.example({key: ex.feature(values[:count]) for key, values in full.items()})
        for count in (3, 2, 1)
    ]
    messages += [b"", ex.example({"i": b"", "s": b"", "f": b""})]
    messages += [ex.example({"i": ex.field(3, b""), "s": ex.field(1, b""), "f": ex.field(2, b"")})]
    got = parse(
        messages,
        i=VarLenFeature(hf.int64, 3),
        s=VarLenFeature(hf.string, max_length=3),
        f=VarLenFeature(hf.float32, 3),
    )
    none = [[-1, -1, -1]] * 3
    assert got["i"].tolist() == [[7, 8, 9], [7, 8, -1], [7, -1, -1], *none]
    empty = [[b"", b"", b""]] * 3
    assert got["s"].tolist() == [[b"a", b"", b"c"], [b"a", b"", b""], [b"a", b"", b""], *empty]
    zeros = [[0.0, 0.0, 0.0]] * 3
    assert got["f"].tolist() == [[1.5, 0.0, 2.5], [1.5, 0.0, 0.0], [1.5, 0.0, 0.0], *zeros]


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ([1, 2, 3], 'Feature "i" of record 0 has 3 values, expected at most 2'),
        ([1.0], 'Feature "i" of record 0 has other values than int64: floats'),
    ],
)
def test_features_of_any_length_have_a_most_and_a_kind(values: list[Any], problem: str) -> None:
    with pytest.raises(errors.InvalidArgumentError) as caught:
        parse([ex.example({"i": ex.feature(values)})], i=VarLenFeature(hf.int64, 2))
    assert problem in str(caught.value)


@pytest.mark.parametrize("length", [None, 0, -1, 2.0, True])
def test_the_length_of_a_feature_must_be_known(length: Any) -> None:
    with hf.Graph().as_default(), pytest.raises(ValueError, match=r"VarLenFeature") as caught:
        parse_example(hf.constant([b""]), {"ids": VarLenFeature(hf.int64, length)})
    assert "Invalid feature ids: expected the most values that an example has" in str(caught.value)
    assert "write VarLenFeature(int64, max_length=8), and shorter ones are filled up" in str(
        caught.value
    )


def test_a_padded_feature_needs_what_it_is_filled_up_with() -> None:
    with hf.Graph().as_default():
        split = apply("split_example", [hf.constant([b""])], {"keys": ["a"]})
        attributes = {"place": 0, "dtype": "int64", "shape": [2], "pad": True}
        with pytest.raises(ValueError, match="expected a default to pad with; got none"):
            apply("example_feature", [split], attributes)


def test_examples_with_several_ids_reach_an_embedding(tmp_path: Path) -> None:
    ids = np.array([[1, 2, 3], [4, -1, -1], [-1, -1, -1], [5, 6, -1]])
    column = hf.feature_column.categorical_column_with_identity("ids", 10)
    estimator = hf.estimator.DNNClassifier(
        hidden_units=[4],
        feature_columns=[hf.feature_column.embedding_column(column, 3)],
        model_dir=str(tmp_path / "model"),
        config=ex.config(),
    )
    labels = np.array([0, 1, 0, 1])
    estimator.train(
        lambda: hf.data.Dataset.from_tensor_slices(({"ids": ids}, labels)).batch(4), steps=1
    )
    receiver = hf.estimator.export.build_parsing_serving_input_receiver_fn(
        {"ids": VarLenFeature(hf.int64, max_length=3)}
    )
    model = ex.exported(estimator, tmp_path / "export", receiver)
    sent = [
        ex.example({"ids": ex.feature([i for i in row if i >= 0])} if row[0] >= 0 else {})
        for row in ids.tolist()
    ]
    got = model.signatures["predict"](sent)
    expected = ex.predicted(estimator, {"ids": ids}, 4)
    assert all(ex.same(got[key], expected[key]) for key in expected)
