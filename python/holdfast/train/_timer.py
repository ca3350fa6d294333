"""SecondOrStepTimer: every so many steps, or seconds."""

from __future__ import annotations

import time
from collections.abc import Callable


class SecondOrStepTimer:
    """Says when something periodic is due; the first question is always answered yes.

    Args:
      every_secs: Seconds between two triggers; excludes every_steps.
      every_steps: Steps between two triggers.
      clock: Seconds, from any origin.

    Raises:
      ValueError: both or neither is given.
    Source: tf.estimator.SecondOrStepTimer.
    """

    def __init__(
        self,
        every_secs: float | None = None,
        every_steps: int | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if (every_secs is None) == (every_steps is None):
            raise ValueError(
                "exactly one of every_secs and every_steps must be given, "
                f"got {every_secs} and {every_steps}"
            )
        self._every_secs = every_secs
        self._every_steps = every_steps
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        """Forgets the last trigger: the next question is the first again."""
        self._last_step: int | None = None
        self._last_time = 0.0

    def last_triggered_step(self) -> int | None:
        """Returns the step of the last trigger, or None."""
        return self._last_step

    def should_trigger_for_step(self, step: int) -> bool:
        """Returns whether it is due at `step`; never twice at the same one."""
        if self._last_step is None:
            return True
        if step == self._last_step:
            return False
        if self._every_steps is not None:
            return step >= self._last_step + self._every_steps
        return self._clock() >= self._last_time + (self._every_secs or 0.0)

    def update_last_triggered_step(self, step: int) -> tuple[float | None, int | None]:
        """Notes a trigger; returns seconds and steps since the last one, or (None, None)."""
        now = self._clock()
        if self._last_step is None:
            elapsed: tuple[float | None, int | None] = (None, None)
        else:
            elapsed = (now - self._last_time, step - self._last_step)
        self._last_step, self._last_time = step, now
        return elapsed

    def next_step(self, step: int) -> int | None:
        """Returns the first step after `step` that may be due; None: not yet, as time stands."""
        if self._last_step is None:
            return step + 1
        if self._every_steps is not None:
            return max(step + 1, self._last_step + self._every_steps)
        return step + 1 if self.should_trigger_for_step(step + 1) else None
