"""The parts of the benchmarks that decide: what is counted, compared, and called reached.

Nothing here is timed. Numbers that are checked are worked out in the comments.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import agreement
import cold_start
import compare_table as table
import growth
import numpy as np
import peers
import predict
import pytest
import roofline
import serving
import turns
import workloads

import holdfast as tf

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


def line(side: str, threads: int, speed: float) -> dict[str, Any]:
    return turns.Line(side, threads, [0.9 * speed, speed, 1.2 * speed]).as_json()


LINES = [
    line("holdfast", 1, 50.0),
    line("holdfast", 2, 95.0),
    line("PyTorch eager", 2, 60.0),
    line("PyTorch compile", 1, 40.0),
    line("TF Estimator", 2, 20.0),
    line(agreement.ALONE, 2, 90.0),
]


def test_the_best_peer_trains_and_is_not_ours() -> None:
    best = table.best_of(LINES)
    assert best["holdfast"]["threads"] == 2
    assert table.best_peer(best) == "PyTorch eager"
    assert table.best_peer(table.best_of(LINES[:2])) is None


def test_bars_are_met_from_their_value_on() -> None:
    # 2 * 847,564,800 * 95 / 200e9 = 0.805; 95/60 = 1.58; 95/20 = 4.75; 95/50 = 1.9.
    found = table.verdicts("higgs", LINES, 847_564_800, 200e9)
    assert [(one["against"], one["verdict"]) for one in found] == [
        ("share of FMA peak", "ok"),
        ("best peer", "ok"),
        ("TF Estimator", "below"),
        ("holdfast on one thread", "ok"),
    ]
    assert [round(one["figure"], 3) for one in found] == [0.805, 1.583, 4.75, 1.9]
    exact = [line("holdfast", 1, 60.0), line("PyTorch eager", 1, 1.0)]
    assert table.verdicts("iris", exact, 1, 1.0)[0]["verdict"] == "ok"


def test_bars_without_their_rival_are_not_measured() -> None:
    found = table.verdicts("iris", [line("holdfast", 1, 5.0)], 1, 1.0)
    assert [one["verdict"] for one in found] == ["not measured", "not measured"]
    assert table.verdict_text(found[0]) == "PyTorch eager: - (bar 60 x): not measured"
    without_ours = table.verdicts("mnist", LINES[2:], 1, 1.0)
    assert {one["verdict"] for one in without_ours} == {"not measured"}
    assert table.verdicts("unknown", LINES, 1, 1.0) == []


def test_a_verdict_reads_as_a_sentence() -> None:
    found = table.verdicts("higgs", LINES, 847_564_800, 200e9)
    assert table.verdict_text(found[0]) == "share of FMA peak: 0.81 (bar 0.8): ok"
    assert table.verdict_text(found[2]) == "TF Estimator: 4.75 x (bar 5 x): below"


def result(lines: list[dict[str, Any]]) -> dict[str, Any]:
    return {"name": "a net", "multiply_adds": 1_000_000, "peak": 1e9, "lines": lines}


def test_details_list_every_side_fastest_first() -> None:
    rows = table.details(result(LINES)).splitlines()
    assert [row.split(" | ")[0] for row in rows[2:]] == [
        "| holdfast",
        f"| {agreement.ALONE}",
        "| PyTorch eager",
        "| holdfast",
        "| PyTorch compile",
        "| TF Estimator",
    ]
    # 2e6 * 60 / 1e9 = 0.12; 95 / 60 = 1.58.
    assert rows[4] == "| PyTorch eager | 2 | 60.0 | 54.0 to 72.0 | 0.12 | 1.58 x |"


def test_the_summary_has_a_row_for_each_network() -> None:
    rows = table.summary([result(LINES), result(LINES[2:])]).splitlines()
    assert rows[2] == (
        "| a net | 95.0 | 0.19 | PyTorch eager 60.0: 1.58 x | 20.0: 4.75 x |"  # 2e6*95/1e9 = 0.19
    )
    assert rows[3] == "| a net | - | - | - | - |"


@pytest.mark.parametrize(
    ("value", "text"), [(123_456.7, "123,457"), (999.94, "999.9"), (12.34, "12.3"), (1.234, "1.23")]
)
def test_numbers_have_three_figures_or_more(value: float, text: str) -> None:
    assert table.number(value) == text


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


def test_growth_changes_one_number_at_a_time() -> None:
    by_key = {curve.key: curve for curve in growth.curves(quick=False, cores=6)}
    assert by_key["batch"].workload(65_536).rows == 65_536
    assert by_key["batch"].workload(1).rows == growth.BASE.rows
    assert by_key["width"].workload(8).sizes == [128, 8, 8, 10]
    assert by_key["depth"].workload(3).sizes == [128, 128, 128, 128, 10]
    assert by_key["table"].workload(1000).sizes == [128 + 8, 256, 256, 10]
    assert by_key["mnist"].points == (1, 2, 4, 6)
    assert by_key["table"].points[-1] == 10_000_000
    assert max(c.points[-1] for c in growth.curves(True, 2) if c.key == "table") == 1_000_000


LINES_OF_KERNELS = """kernels_bench, holdfast 0.1.0, a processor, threads 1
avx2    mnist 1         256 x  784 x 1024  forward         4751.42 us  +- 4.7%     86.5 GFLOP/s  0.849 of FMA peak
avx2    mnist logits    256 x 1024 x   10  grad+adagrad      100.00 us  +- 4.7%     42.9 GFLOP/s  0.421 of FMA peak
scalar  mnist 1         256 x  784 x 1024  forward        47510.42 us  +- 4.7%      8.6 GFLOP/s
avx2    adagrad_update                  0.740 ns an element  +- 8.5%    27.0 GB/s  1.022 of bandwidth
avx2    tanh in place                   0.848 ns an element  +- 1.1%     9.4 GB/s  0.357 of bandwidth
avx2    adagrad_update           1 thread   0.700 ns an element +-  5%   25.1 GB/s of  25.4: 0.99
avx2    adagrad_update           2 threads  0.400 ns an element +-  5%   47.0 GB/s of  47.6: 0.99
"""  # noqa: E501 - lines as the programs print them


def test_lines_of_the_kernel_benchmarks_become_points() -> None:
    points = roofline.read(LINES_OF_KERNELS, "avx2")
    assert [(point.name, point.kernel) for point in points] == [
        ("mnist 1", "forward"),
        ("mnist logits", "grad+adagrad"),
        ("64 MiB", "adagrad_update"),
    ]
    product, update = points[1:]
    assert product.speed == pytest.approx(2 * 256 * 1024 * 10 / 100e-6)
    # The line on one thread that came last: 6 operations and 20 bytes in 0.7 ns.
    assert update.speed == pytest.approx(6 / 0.7e-9)
    assert update.intensity == pytest.approx(0.3)


def test_the_roof_is_the_lower_of_two_limits() -> None:
    roof = roofline.Roof(flops=100e9, bandwidth=25e9)
    assert (roof.at(0.3), roof.at(4.0), roof.at(40.0)) == (7.5e9, 100e9, 100e9)


def test_bytes_of_a_product_count_each_operand_once() -> None:
    # x 6, w 12, y 8 floats; backwards dy 8, w 12, x 6, dx 6; with update x 6, dy 8, 4 times 12.
    assert roofline.bytes_of("forward", 2, 3, 4) == 4 * 26
    assert roofline.bytes_of("grad_input", 2, 3, 4) == 4 * 32
    assert roofline.bytes_of("grad+adagrad", 2, 3, 4) == 4 * 62


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
