"""Campaign T11 sees a library that breaks its promises."""

import pytest
import sigterm
import sigterm_situations
from campaign import Setting

from holdfast import _signals
from holdfast.train._loop import RunLoop


def handlers_stay(monkeypatch):
    """The program's handler is not put back."""
    monkeypatch.setattr(_signals.Guard, "close", lambda self: None)


def nothing_is_saved(monkeypatch):
    """The run ends without its last save."""
    monkeypatch.setattr(RunLoop, "finish", lambda self: None)


@pytest.mark.parametrize("defect", [handlers_stay, nothing_is_saved])
def test_a_broken_promise_is_seen(tmp_path, monkeypatch, defect):
    monkeypatch.setattr(sigterm, "SITUATIONS", [sigterm_situations.Steps()])
    setting = Setting(size=3, seed=1, folder=tmp_path)
    outcome = sigterm.run(setting, spoil=lambda: defect(monkeypatch))
    assert outcome.violations
    monkeypatch.undo()
