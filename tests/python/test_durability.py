"""Runs every durability campaign at its smallest size; tests/durability/run.py runs larger ones."""

from __future__ import annotations

import campaigns
import pytest
import report
import run
from campaign import Campaign


@pytest.mark.parametrize("campaign", campaigns.ALL, ids=campaigns.IDS)
def test_no_promise_is_broken(campaign: Campaign) -> None:
    line = run.run_one(campaign, "change", seed=1)
    assert line["cases"] > 0
    assert line["violations"] == 0, "\n".join(line["shown"])


def test_the_readme_shows_the_recorded_runs() -> None:
    text = report.README.read_text()
    assert report.replaced(text, report.table(report.recorded())) == text, (
        "README.md differs from the recorded runs: python tests/durability/report.py --write"
    )
