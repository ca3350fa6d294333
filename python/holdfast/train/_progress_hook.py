"""ProgressHook: moves the live line of a run."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import Any

from holdfast.train._live_line import Display, close_display, open_display
from holdfast.train._progress_text import ProgressFacts
from holdfast.train._saver_listener import CheckpointSaverListener
from holdfast.train._session import Session
from holdfast.train._session_run_hook import (
    ClosingHook,
    Progress,
    SessionRunContext,
    SessionRunValues,
)

_SMOOTHING = 0.3  # share of the newest stretch in the speed that is shown


class ProgressHook(ClosingHook):
    """Moves the line a few times a second, whatever a step costs; steps between run without Python.

    Args:
      open_line: Opens the line when the run begins; None: there is none to be shown.
      what: "training" or "evaluating".
      total: Steps of this call; None: unknown.
      last_step: The global step to stop at instead; None: see total.
    """

    def __init__(
        self,
        open_line: Callable[[], Display | None],
        what: str,
        total: int | None,
        last_step: int | None = None,
    ) -> None:
        self._open_line = open_line
        self._display: Display | None = None
        self._facts = ProgressFacts(what=what, total=total, last_step=last_step)
        self._counts_batches = what == "evaluating"
        self._looked = 0.0
        self.listener = _SavedStep(self)

    def after_create_session(self, session: Session, coord: None) -> None:
        """Opens the line and starts the clock."""
        self._display = self._open_line()
        start = 0 if self._counts_batches else session.global_step
        facts = self._facts
        if facts.last_step is not None:
            facts = dataclasses.replace(facts, total=facts.last_step - start)
        elif facts.total is not None:
            facts = dataclasses.replace(facts, last_step=start + facts.total)
        self._looked = time.monotonic()
        self._show(dataclasses.replace(facts, step=start))

    def steps_to_next_look(self, progress: Progress) -> int | None:
        """As many steps as fit between two looks, at the speed so far."""
        if self._display is None:
            return None
        stretch = int(self._facts.speed * self._display.interval)
        return max(1, self._facts.done + stretch - progress.iteration)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Moves the line."""
        self._look(run_context.session)

    def end(self, session: Session) -> None:
        """Shows the last step."""
        if session.iteration > self._facts.done:
            self._look(session)

    def _look(self, session: Session) -> None:
        now, facts = time.monotonic(), self._facts
        speed = (session.iteration - facts.done) / max(now - self._looked, 1e-9)
        if facts.speed > 0:
            speed = _SMOOTHING * speed + (1 - _SMOOTHING) * facts.speed
        self._looked = now
        self._show(
            dataclasses.replace(
                facts,
                done=session.iteration,
                step=session.iteration if self._counts_batches else session.global_step,
                speed=speed,
                loss=session.watched,
            )
        )

    def saved(self, step: int) -> None:
        """Shows that a checkpoint is there."""
        self._show(dataclasses.replace(self._facts, saved=step))

    def close(self) -> None:
        """Takes the line away."""
        if self._display is not None:
            close_display(self._display)
            self._display = None

    def _show(self, facts: ProgressFacts) -> None:
        self._facts = facts
        if self._display is not None:
            self._display.show(facts)


def progress_hooks(
    progress: Any, what: str, total: int | None, last_step: int | None = None
) -> list[ProgressHook]:
    """Returns the hook that RunConfig(progress=...) asks for, or none."""
    if progress is False:
        return []
    return [ProgressHook(lambda: open_display(progress), what, total, last_step)]


class _SavedStep(CheckpointSaverListener):
    def __init__(self, hook: ProgressHook) -> None:
        self._hook = hook

    def after_save(self, session: Any, global_step_value: int) -> None:
        self._hook.saved(global_step_value)
