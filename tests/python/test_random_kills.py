"""Campaign T2 sees a library that breaks its promises."""

import pytest
import random_kills
from campaign import Setting

from holdfast.estimator import _train_call
from holdfast.train._saver import Saver


def told_before_it_is_written(monkeypatch):
    """Listeners hear of a checkpoint that is not there yet."""
    before = Saver._before_save

    def early(self, session):
        before(self, session)
        for listener in self._listeners:
            listener.after_save(session, session.global_step)

    monkeypatch.setattr(Saver, "_before_save", early)


def input_starts_over(monkeypatch):
    """A continued run forgets which batches it has seen."""
    resume = _train_call.resume
    monkeypatch.setattr(
        _train_call, "resume", lambda source, reader, seed, policy: resume(source, None, seed, "")
    )


@pytest.mark.parametrize("defect", [told_before_it_is_written, input_starts_over])
def test_a_broken_promise_is_seen(tmp_path, monkeypatch, defect):
    setting = Setting(size=20, seed=1, folder=tmp_path)
    outcome = random_kills.run(setting, spoil=lambda: defect(monkeypatch))
    assert outcome.violations
