"""Benchmarks: predictions and cold starts beside their rivals. Nothing is timed."""

from __future__ import annotations

import sys
from pathlib import Path

import cold_start
import predict
import pytest
import turns
import workloads

BY_KEY = {workload.key: workload for workload in workloads.WORKLOADS}
TINY = workloads.Workload("tiny", "tiny", 3, (5,), 2, 30, 20, 0.01)


def test_predictions_are_compared_with_the_fastest_rival() -> None:
    case = predict.Case("iris", 1, 2.0, 10.0)
    lines = [
        turns.Line("holdfast", 1, [500_000.0]),
        turns.Line("onnxruntime", 1, [100_000.0]),
        turns.Line("onnxruntime, bound", 1, [200_000.0]),
        turns.Line("holdfast, C++", 1, [1_000_000.0]),
    ]
    found = predict.describe(case, lines)
    assert found["rival"] == "onnxruntime, bound"
    ours, _, _, native = found["lines"]
    assert (ours["ratio"], ours["verdict"]) == (2.5, "ok")
    assert (native["ratio"], native["verdict"]) == (5.0, "below")
    alone = predict.describe(case, lines[:1])
    assert alone["rival"] is None
    assert "verdict" not in alone["lines"][0]
    rows = predict.table([found, alone]).splitlines()
    assert rows[2] == (
        "| Iris 4-10-10-3 | 1 | holdfast | 2.00 | 500,000 "
        "| 2.50 x onnxruntime, bound (bar 2 x): ok |"
    )
    assert rows[6] == "| Iris 4-10-10-3 | 1 | holdfast | 2.00 | 500,000 |  |"


def _echo(name: str, text: str, at_most: float | None = None) -> cold_start.Start:
    return cold_start.Start(name, (sys.executable, "-c", f"print({text!r})"), at_most)


def test_cold_starts_are_held_to_their_bars() -> None:
    sides = [_echo("a", "probabilities: 1", 60.0), _echo("b", "probabilities: 1", 0.0)]
    sides.append(cold_start.Start("c", (sys.executable, "-c", ""), answers=False))
    found = cold_start.measure(sides, rounds=1)
    assert [one.get("verdict") for one in found] == ["ok", "above", None]
    shown = {"name": "C++", "median": 0.0034, "fastest": 0.0031, "slowest": 0.0042}
    shown |= {"bar": 0.005, "verdict": "ok"}
    assert cold_start.table([shown]).splitlines()[2] == (
        "| C++ | 3.4 | 3.1 | 4.2 | at most 5: ok |"
    )


def test_cold_starts_must_predict_alike() -> None:
    with pytest.raises(AssertionError, match="probabilities: 2"):
        cold_start.measure([_echo("a", "probabilities: 1"), _echo("b", "probabilities: 2")], 1)


def test_cold_starts_of_the_example_and_of_python_predict_alike(examples: Path) -> None:
    found = cold_start.measure(cold_start.starts(examples), rounds=1)
    assert [one["name"] for one in found] == ["C++ example", "Python", "Python, numpy alone"]
