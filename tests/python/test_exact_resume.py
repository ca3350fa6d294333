"""The campaign T12 can fail: it sees what a wrong resume would do."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import exact_resume
import pytest
from campaign import Setting

from holdfast.estimator import _inputs


def violations(folder: Path) -> list[str]:
    campaign = exact_resume._Campaign(Setting(size=1, seed=1, folder=folder))
    campaign.interrupt(1, "AdagradOptimizer", async_save=False, threads=1)
    return campaign.violations


def test_an_exact_resume_is_no_violation(tmp_path: Path) -> None:
    assert violations(tmp_path) == []


@pytest.mark.parametrize("off", [-1, 1])
def test_a_batch_too_few_or_too_many_is_seen(
    tmp_path: Path, off: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = _inputs.start_of

    def wrong(*args: Any, **kwargs: Any) -> Any:
        start = right(*args, **kwargs)
        return dataclasses.replace(start, skip=start.skip + off)

    monkeypatch.setattr(_inputs, "start_of", wrong)  # children are forks and have it, too
    found = violations(tmp_path)
    assert any("hidden/kernel/Adagrad is" in text for text in found)
    assert any("saw another loss or other rows" in text for text in found)
    assert any("state/input is" in text for text in found)
