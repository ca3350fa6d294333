"""Runs every durability campaign at its smallest size; tests/durability/run.py runs larger ones."""

from __future__ import annotations

import campaigns
import pytest
import run
from campaign import Campaign


@pytest.mark.parametrize("campaign", campaigns.ALL, ids=campaigns.IDS)
def test_no_promise_is_broken(campaign: Campaign) -> None:
    line = run.run_one(campaign, "change", seed=1)
    assert line["cases"] > 0
    assert line["violations"] == 0, "\n".join(line["shown"])
