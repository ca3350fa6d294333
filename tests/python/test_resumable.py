"""Continuing in the middle of the data: resumable generators, and RunConfig(input_resume=...)."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from iris_like import state_of
from line_model import line

import holdfast as tf
from holdfast import _core, errors
from holdfast.data import Dataset, resumable
from holdfast.estimator import _input_resume
from holdfast.estimator._input_resume import Position, start_of


class Counter:
    """Makes generators of 0 .. size-1 and notes where they began and what they made."""

    def __init__(self, size: int | None) -> None:
        self.size = size
        self.starts: list[int] = []
        self.made: list[int] = []

    def __call__(self, start: int = 0) -> Iterator[np.int64]:
        self.starts.append(start)
        while self.size is None or start < self.size:
            self.made.append(start)
            yield np.int64(start)
            start += 1


def counting(counter: Counter, is_resumable: bool = True) -> Dataset:
    generator = resumable(counter) if is_resumable else counter
    return Dataset.from_generator(generator, tf.int64, ())


def rest(dataset: Dataset, skipped: int, most: int = 100) -> list[Any]:
    """What comes after `skipped` elements, which are passed over by a position alone."""
    stream = dataset._core.make_input(5)
    stream.skip(skipped)
    found = []
    while len(found) < most and stream.has_next():
        (value,) = stream.next() or ()
        found.append(value.tolist())
    return found


# --- resumable generators -------------------------------------------------------------------------


def test_a_resumable_generator_begins_where_it_is_asked_to() -> None:
    counter = Counter(None)
    assert rest(counting(counter).batch(10), 10**12, most=1) == [list(range(10**13, 10**13 + 10))]
    assert len(counter.made) <= 12


def test_skipping_over_the_end_of_passes_makes_few_elements() -> None:
    counter = Counter(1000)
    assert rest(counting(counter).repeat(), 10**6 + 7, most=2) == [7, 8]
    assert len(counter.made) < 40  # searching for the end of the pass, and the two
    assert rest(counting(Counter(1000)).repeat(3), 2999) == [999]
    assert rest(counting(Counter(1000)).repeat(3), 3000) == []
    assert rest(counting(Counter(0)).repeat(), 1) == []


def test_behind_a_shuffle_no_more_than_one_pass_is_made_again() -> None:
    counter = Counter(100)
    dataset = counting(counter).shuffle(10).repeat()
    expected = rest(dataset, 0, most=1000)[950:960]
    counter.made.clear()
    assert rest(dataset, 950, most=10) == expected
    assert len(counter.made) < 100 + 30


stages = st.lists(
    st.one_of(
        st.tuples(st.just("repeat"), st.integers(0, 3)),
        st.tuples(st.just("take"), st.integers(0, 12)),
        st.tuples(st.just("skip"), st.integers(0, 5)),
        st.tuples(st.just("shard"), st.integers(1, 3)),
        st.tuples(st.just("shuffle"), st.integers(1, 4)),
    ),
    max_size=4,
)


@settings(max_examples=200, deadline=None)
@given(
    count=st.integers(0, 9),
    stages=stages,
    batch=st.integers(0, 4),
    skipped=st.integers(0, 30),
    looked=st.booleans(),
)
def test_skipping_is_reading_and_dropping(
    count: int, stages: list[tuple[str, int]], batch: int, skipped: int, looked: bool
) -> None:
    found = []
    for dataset in (Dataset.range(count), *(counting(Counter(count), r) for r in (False, True))):
        for name, number in stages:
            arguments = (number, 0) if name == "shard" else (number,)
            dataset = getattr(dataset, name)(*arguments)
        dataset = dataset.batch(batch) if batch else dataset
        everything = rest(dataset, 0, most=10**6)
        stream = dataset._core.make_input(5)
        if looked:
            assert stream.has_next() == bool(everything)
            assert stream.consumed == 0
        stream.skip(skipped)
        left = [value[0].tolist() for value in iter(stream.next, None)]
        assert left == everything[skipped:]
        assert stream.consumed == len(everything)
        found.append(everything)
    assert found[0] == found[1] == found[2]


def test_args_come_after_the_start() -> None:
    @resumable
    def powers(start: int, base: int) -> Iterator[int]:
        for exponent in range(start, 4):
            yield base**exponent

    dataset = Dataset.from_generator(powers, tf.int32, args=(3,))
    assert [int(x) for x in dataset] == [1, 3, 9, 27]
    assert rest(dataset, 2) == [9, 27]
    assert dataset._core.fingerprint == "resumable(int32 [] component)"
    assert not dataset._core.replays
    assert counting(Counter(1), False)._core.replays


def test_an_error_of_a_resumed_generator_names_its_element() -> None:
    @resumable
    def texts(start: int) -> Iterator[Any]:
        for number in range(start, 5):
            yield "x" if number == 3 else number

    with pytest.raises(TypeError, match="element 3: expected int32; got 'x'"):
        rest(Dataset.from_generator(texts, tf.int32, ()), 2)
    with pytest.raises(TypeError, match="resumable: expected a function"):
        resumable(3)  # type: ignore[arg-type]


# --- the decision ---------------------------------------------------------------------------------

SEEN = Position(consumed=7, fingerprint="table[9](x)", order="00000001")
SAME = Position(consumed=0, fingerprint="table[9](x)", order="00000001")


@pytest.mark.parametrize(
    ("position", "now", "replays", "policy", "skip", "exact", "text"),
    [
        (SEEN, SAME, False, "continue", 7, True, "had seen 7 batches of this input: it continues"),
        (SEEN, SAME, False, "replay", 7, True, "it continues after them"),
        (SEEN, SAME, False, "error", 7, True, "it continues after them"),
        (SEEN, SAME, False, "restart", 0, True, "input_resume='restart') asks"),
        (SEEN, SAME, True, "continue", 7, True, "it is read again up to there"),
        (SAME, SAME, True, "error", 0, True, "had seen no batch"),
        (
            SEEN,
            Position(consumed=0, fingerprint="table[8](x)"),
            False,
            "continue",
            0,
            False,
            "had seen 7 batches of table[9](x); this one is table[8](x)",
        ),
        (
            SEEN,
            Position(consumed=0, fingerprint="table[9](x)"),
            False,
            "continue",
            0,
            False,
            "its key was 00000001, now it is none",
        ),
        *(
            (Position(consumed=n, fingerprint="g"), Position(consumed=0, fingerprint="g"), *more)
            for n, *more in (
                (10_000, True, "continue", 10_000, True, "it is read again"),
                (10_001, True, "continue", 0, False, "10001 batches are too many to read again"),
                (10_001, True, "error", 0, False, "a generator wrapped in data.resumable needs no"),
                (10_001, True, "replay", 10_001, True, "it is read again"),
                (10_001, False, "continue", 10_001, True, "it continues after them"),
            )
        ),
    ],
)
def test_start_of(
    position: Position,
    now: Position,
    replays: bool,
    policy: str,
    skip: int,
    exact: bool,
    text: str,
) -> None:
    start = start_of(position, now, replays=replays, policy=policy)
    assert (start.skip, start.exact) == (skip, exact)
    assert text in start.text


# --- in training ----------------------------------------------------------------------------------


def numbers(counter: Counter, is_resumable: bool) -> Any:
    def elements(start: int = 0) -> Iterator[Any]:
        for number in counter(start):
            yield {"x": np.float32(number % 4)}, np.float32(number)

    generator = resumable(elements) if is_resumable else elements
    types, shapes = ({"x": tf.float32}, tf.float32), ({"x": ()}, ())
    return lambda: Dataset.from_generator(generator, types, shapes).batch(5)


def state_json(model_dir: Path) -> Any:
    path = tf.train.latest_checkpoint(str(model_dir))
    assert path is not None
    return json.loads(_core.CheckpointReader(path).state_json)


def test_training_continues_a_resumable_generator_without_reading_it_again(tmp_path: Path) -> None:
    line(tmp_path / "once").train(numbers(Counter(None), True), steps=40)
    line(tmp_path / "twice").train(numbers(Counter(None), True), steps=37)
    counter = Counter(None)
    line(tmp_path / "twice").train(numbers(counter, True), steps=3)
    assert state_of(tmp_path / "once") == state_of(tmp_path / "twice")
    assert len(counter.made) <= 3 * 5 + 1 + 5  # a probe, and a batch read ahead
    assert min(counter.made[1:]) >= 37 * 5


def test_a_plain_generator_is_read_again_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "holdfast")
    line(tmp_path).train(numbers(Counter(None), False), steps=4)
    counter = Counter(None)
    line(tmp_path).train(numbers(counter, False), steps=1)
    assert counter.starts == [0]
    assert "had seen 4 batches of this input: it is read again up to there" in caplog.text


def test_a_long_generator_starts_over_with_a_warning_unless_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_input_resume, "REPLAY_LIMIT", 3)
    data = numbers(Counter(None), False)
    line(tmp_path).train(data, steps=4)
    with pytest.raises(errors.FailedPreconditionError, match=r"'error'\) refuses to start from"):
        line(tmp_path, input_resume="error").train(data, steps=1)
    line(tmp_path, input_resume="replay").train(data, steps=1)
    assert state_json(tmp_path)["input"]["consumed"] == 5
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    line(tmp_path).train(data, steps=1)
    assert state_json(tmp_path)["input"]["consumed"] == 1
    assert "5 batches are too many to read again" in caplog.text
    assert "It starts from the beginning" in caplog.text


def test_an_input_that_had_ended_starts_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "holdfast")
    for is_resumable in (False, True):
        folder = tmp_path / str(is_resumable)
        data = numbers(Counter(12), is_resumable)
        line(folder).train(data)
        assert state_json(folder)["input"]["consumed"] == 3
        caplog.clear()
        line(folder).train(data, steps=1)
        assert "The input had ended there: it starts from the beginning" in caplog.text
        assert state_json(folder)["input"]["consumed"] == 1


def test_the_state_names_epoch_position_and_order(tmp_path: Path) -> None:
    path = tmp_path / "line.csv"
    path.write_text("x,y\n" + "".join(f"{i % 4},{i}\n" for i in range(10)))

    def data() -> Any:
        rows = tf.data.experimental.CsvDataset(str(path), [[0.0], [0.0]], header=True)
        rows = rows.map(lambda x, y: ({"x": x}, y))
        return rows.shuffle(10).repeat().batch(4)

    line(tmp_path / "model").train(data, steps=6)
    state = state_json(tmp_path / "model")["input"]
    order = state.pop("order_key")
    assert len(order) == 8
    assert state == {
        "kind": "holdfast.dataset",
        "epoch": 2,
        "consumed": 6,
        "source_fingerprint": "records[10](line.csv: 44 bytes)|map(float32 [], float32 [])"
        "|map(float32 [], float32 [])|shuffle(10)|repeat(-1)|batch(4)",
    }


def test_a_longer_file_is_another_input(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "line.csv"

    def data() -> Any:
        names = {"column_names": ["x", "y"], "column_defaults": [[0.0], [0.0]], "header": False}
        return tf.data.experimental.make_csv_dataset(str(path), 2, label_name="y", **names)

    path.write_text("1,2\n3,4\n")
    line(tmp_path / "model").train(data, steps=2)
    path.write_text("1,2\n3,4\n5,6\n")
    line(tmp_path / "model").train(data, steps=1)
    assert "of records[2](line.csv: 8 bytes)" in caplog.text
    assert "this one is records[3](line.csv: 12 bytes)" in caplog.text


def test_columns_of_other_names_are_another_input() -> None:
    def fingerprint(*names: str) -> str:
        return Dataset.from_tensor_slices({name: [1, 2] for name in names})._core.fingerprint

    assert fingerprint("a", "b") == "table[2](int32 [] a, int32 [] b)"
    assert fingerprint("a", "b") != fingerprint("a", "c")
