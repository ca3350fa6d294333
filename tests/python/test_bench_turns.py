"""Benchmarks: sides that take turns in processes of their own, and agree. Nothing is timed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import agreement
import peers
import pytest
import serving
import turns
import workloads

import holdfast as tf

BY_KEY = {workload.key: workload for workload in workloads.WORKLOADS}
TINY = workloads.Workload("tiny", "tiny", 3, (5,), 2, 30, 20, 0.01)


def test_a_thread_count_that_is_clearly_slower_is_not_timed_again() -> None:
    pilots = {("a", 1): 10.0, ("a", 2): 14.0, ("b", 1): 10.0, ("b", 2): 13.0, ("us", 1): 1.0}
    pilots["us", 2] = 9.0
    # 10 / 14 = 0.71 is below 0.75, 10 / 13 = 0.77 is not; all of ours stay.
    assert turns.worth_timing(pilots, "us") == set(pilots) - {("a", 1)}


class Fake:
    """A side that takes a hundredth of a second a step, at a given speed."""

    def __init__(self, name: str, threads: int, seconds_a_step: float = 0.01) -> None:
        self.name = name
        self.threads = threads
        self.steps: list[int] = []
        self._seconds = seconds_a_step

    def run(self, steps: int) -> float:
        self.steps.append(steps)
        return steps * self._seconds


def test_sides_take_turns_of_the_length_asked_for() -> None:
    ours, theirs = Fake("holdfast", 1), Fake("other", 1, 0.1)
    rounds: list[int] = []
    lines = turns.take([ours, theirs], 3, 0.5, "holdfast", lambda: rounds.append(len(theirs.steps)))
    assert [one.median for one in lines] == pytest.approx([100.0, 10.0])
    assert ours.steps[-6:] == [2, 50] * 3  # two that warm up, then half a second
    assert theirs.steps[-6:] == [2, 5] * 3
    assert len(rounds) == 3


def test_losses_may_differ_in_rounding_but_ours_not_at_all() -> None:
    losses = [100.0, 50.0]
    opened: Any = [
        (Fake("holdfast", 1), losses),
        (Fake("holdfast", 2), [100.0, 50.00001]),
        (Fake("rounds", 1), [100.01, 50.0]),
        (Fake("first only", 1), [100.0]),
        (Fake("wrong", 1), [100.0, 51.0]),
        (Fake(agreement.ALONE, 1), []),
    ]
    right, agreeing, wrong = agreement.compare(opened)
    names = ["holdfast", "rounds", "first only", agreement.ALONE]
    assert [side.name for side in right] == names
    assert agreeing["rounds (2)"] == pytest.approx(1e-4)
    assert agreeing["first only (1)"] == 0.0
    assert wrong == [
        "holdfast, 2 threads: WRONG, a loss is 2.0e-07 off",
        "wrong, 1 threads: WRONG, a loss is 2.0e-02 off",
    ]


def test_a_turnstile_lets_a_training_take_the_steps_of_a_turn() -> None:
    made: list[int] = []

    def train() -> None:
        while steps := turnstile.next_turn():
            made.extend([len(made)] * steps)

    turnstile = serving.Turnstile(train)
    assert turnstile.run(3) > 0
    assert len(made) == 3
    turnstile.run(2)
    assert len(made) == 5
    turnstile.close()
    assert made == [0, 0, 0, 3, 3]


def test_a_training_that_fails_fails_the_turn() -> None:
    def train() -> None:
        raise ValueError("no rows")

    with pytest.raises(ValueError, match="no rows"):
        serving.Turnstile(train).run(1)


SERVER = """
import sys
sys.path.insert(0, {folder!r})
import serving
class Side:
    def __init__(self, workload, rows, weights, threads):
        print("a library that prints")
        if threads == 3:
            raise serving.MissingError("three are too many")
        self.threads = threads
    def answer(self, value):
        return [value / (2 - self.threads), len(sys.argv)]
serving.serve({{"a side": Side}}, "1.2")
"""


@pytest.fixture
def server_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int, str], Any]:
    """Makes a server of a script of our own."""

    def make(threads: int, source: str) -> peers.Server:
        script = tmp_path / "script.py"
        script.write_text(source.format(folder=str(Path(serving.__file__).parent)))
        monkeypatch.setitem(peers.SCRIPTS, "a library", (str(script), "numpy"))
        return peers.Server("a library", threads, sys.executable)

    return make


def test_a_server_answers_with_results_and_tells_of_failures(
    tmp_path: Path, server_of: Callable[[int, str], Any]
) -> None:
    workloads.write(TINY, tmp_path / "files")
    for threads, failure in (
        (1, None),
        (2, "a side: FAILED: ZeroDivisionError: division by zero"),
        (3, "a side: missing: three are too many"),
    ):
        server = server_of(threads, SERVER)
        server.greet()
        assert (server.version, server.sides) == ("1.2", ["a side"])
        if failure is None:
            side = peers.Side(server, "a side", tmp_path / "files")
            assert side.call("answer", 6) == [6.0, 2]
            side.close()
        else:
            with pytest.raises(peers.AbsentError) as caught:
                peers.Side(server, "a side", tmp_path / "files").call("answer", 6)
            assert str(caught.value) == failure
        server.close()


def test_a_server_that_cannot_start_is_named_with_its_last_words(
    server_of: Callable[[int, str], Any],
) -> None:
    server = server_of(1, "raise SystemExit('no such library')")
    with pytest.raises(peers.AbsentError, match="a library: its process ended: no such library"):
        server.greet()
    server.close()


def test_a_library_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(peers.SCRIPTS, "nothing", ("nothing.py", "no_such_module"))
    servers, absent = peers.start({"nothing": None}, (1, 2))
    assert servers == []
    assert absent == ["nothing: not installed here (--nothing PYTHON names another)"] * 1


def test_holdfast_as_a_side_trains_the_same_bits_on_any_number_of_threads(tmp_path: Path) -> None:
    workloads.write(TINY, tmp_path)
    losses = []
    servers, absent = peers.start({"holdfast": None}, (1, 2))
    assert absent == []
    for server in servers:
        assert server.version == tf.__version__
        side = peers.Side(server, "holdfast", tmp_path)
        losses.append(side.call("losses", 4))
        assert side.run(250) > 0  # past the hooks that look every 100 steps
        assert side.run(7) > 0
        side.close()
        server.close()
    assert losses[0] == losses[1]
    assert len(losses[0]) == 4


def test_names_on_the_command_line_are_checked() -> None:
    assert peers.known("b,a", ("a", "b", "c")) == ("b", "a")
    with pytest.raises(argparse.ArgumentTypeError, match="'d' is none of a, b, c"):
        peers.known("a,d", ("a", "b", "c"))
