"""Benchmarks: what is counted of a network, and the rows it is trained on. Nothing is timed."""

from __future__ import annotations

from pathlib import Path

import compare_table as table
import numpy as np
import pytest
import workloads

BY_KEY = {workload.key: workload for workload in workloads.WORKLOADS}
TINY = workloads.Workload("tiny", "tiny", 3, (5,), 2, 30, 20, 0.01)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        # Products of a row: 40 + 100 + 30 = 170; twice, and 130 for the inputs of two layers.
        ("iris", 100 * (2 * 170 + 130)),
        # 28*300 + 3*300*300 + 300 = 278,700; the inputs of four layers: 270,300.
        ("higgs", 1024 * (2 * 278_700 + 270_300)),
        # 784*1024 + 1024*1024 + 10*1024 = 1,861,632; the inputs of two layers: 1,058,816.
        ("mnist", 256 * (2 * 1_861_632 + 1_058_816)),
        # 429*400 + 2*400*400 + 400 = 492,000; inputs: 416*400 embedded, 320,400 of three layers.
        ("criteo", 2048 * (2 * 492_000 + 166_400 + 320_400)),
    ],
)
def test_multiply_adds_are_those_of_the_three_products(key: str, expected: int) -> None:
    assert workloads.multiply_adds(BY_KEY[key]) == expected


def test_share_is_two_operations_a_multiply_add() -> None:
    # 2 * 1e6 * 40,000 = 80e9 of 100e9.
    assert table.share(40_000, 1_000_000, 100e9) == pytest.approx(0.8)
    assert table.share(40_000, 1_000_000, 0.0) is None


def test_two_classes_have_one_logit_as_in_dnn_classifier() -> None:
    assert BY_KEY["higgs"].sizes == [28, 300, 300, 300, 300, 1]
    assert BY_KEY["criteo"].sizes == [13 + 26 * 16, 400, 400, 400, 1]
    assert BY_KEY["mnist"].sizes == [784, 1024, 1024, 10]


def test_batches_in_order_repeat_rows_without_a_break() -> None:
    second = workloads.batches_in_order(BY_KEY["iris"], 2)[1]
    assert list(second) == [*range(100, 120), *range(80)]


def test_whole_batches_end_an_epoch_with_a_full_batch() -> None:
    # 120 rows five times are six batches of 100; nine times that is the first above 50 batches.
    assert workloads.whole_batches(BY_KEY["iris"]) == (45, 54)
    assert workloads.whole_batches(BY_KEY["criteo"]) == (2, 64)  # 32 batches in one pass


def test_a_workload_comes_back_as_it_was_written(tmp_path: Path) -> None:
    workload = workloads.Workload("w", "w", 3, (4, 5), 3, 50, 10, 0.1, 2, 7, 4)
    workloads.write(workload, tmp_path)
    found, rows, weights = workloads.read(tmp_path)
    assert found == workload
    assert rows["numeric"].shape == (50, 3)
    assert rows["numeric"].dtype == np.float32
    assert rows["ids"].shape == (50, 2)
    assert set(np.unique(rows["labels"])) == {0, 1, 2}
    assert weights["embeddings"].shape == (2, 7, 4)
    for name, value in workloads.weights_of(workload).items():
        assert weights[name].tobytes() == value.tobytes()


def test_ids_are_drawn_from_a_zipf_distribution() -> None:
    workload = workloads.Workload("w", "w", 1, (2,), 2, 40_000, 10, 0.1, 1, 1000, 2)
    counts = np.bincount(workloads.rows_of(workload)["ids"][:, 0], minlength=1000)
    weights = np.arange(1, 1001) ** -1.2
    expected = 40_000 * weights / weights.sum()
    found = np.sort(counts)[::-1]
    assert found[:5] == pytest.approx(expected[:5], rel=0.1)
    assert counts.argmax() != 0  # frequent ids are no neighbours


def test_columns_of_an_estimator_sort_into_the_order_of_the_table() -> None:
    higgs = BY_KEY["higgs"]
    rows = {"numeric": np.arange(56, dtype=np.float32).reshape(2, 28), "ids": np.empty((2, 0))}
    columns = workloads.feature_columns(higgs, rows)
    assert [columns[key][1] for key in sorted(columns)] == list(range(28, 56))
    assert list(workloads.feature_columns(BY_KEY["mnist"], {**rows})) == ["n"]
    criteo = BY_KEY["criteo"]
    assert max(criteo.categorical_keys) < min(criteo.numeric_keys)
