"""tf.train.Example as features: what TensorFlow's parser does, case by case (interop.md, 8)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import exported as ex
import numpy as np
import pytest

import holdfast as hf
from holdfast import errors
from holdfast.io import FixedLenFeature, parse_example


def parse(messages: list[bytes], **spec: FixedLenFeature) -> dict[str, Any]:
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
