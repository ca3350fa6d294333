"""Benchmarks: who is compared, which bars are met, and how it reads. Nothing is timed."""

from __future__ import annotations

from typing import Any

import agreement
import compare_table as table
import pytest
import turns


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
