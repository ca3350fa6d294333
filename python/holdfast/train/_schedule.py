"""When a checkpoint is due: pure values, told the step and the time."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True)
class SaveSchedule:
    """The save interval of one run, and the save it counts from.

    A run counts from the step and the moment it started at, not from multiples of the interval:
    every 3 steps from step 0, stopped at 7 and started again, saves at 3, 6, 7, 10.

    Args:
      save_secs: Seconds between checkpoints; None or 0: not by time.
      save_steps: Steps between checkpoints; None or 0: not by steps.
      last_step: Step of the newest save, or try; None before the first one of the run.
      last_time: When that was, in seconds of the caller's clock.
      missing: Whether no checkpoint has come of it, so far.

    Raises:
      ValueError: both intervals are given, or one is negative.
    Source: tf.compat.v1.train.CheckpointSaverHook with its SecondOrStepTimer.

    """

    save_secs: float | None = None
    save_steps: int | None = None
    last_step: int | None = None
    last_time: float = 0.0
    missing: bool = False

    def __post_init__(self) -> None:
        for name in ("save_secs", "save_steps"):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise ValueError(f"{name}: expected a number of at least 0, got {value}")
        if self.save_secs and self.save_steps:
            raise ValueError(
                "save_secs and save_steps exclude each other: "
                f"got {self.save_secs} and {self.save_steps}; set one of them to None"
            )

    @property
    def enabled(self) -> bool:
        """False when no interval is set: then nothing is saved at all, as in TF."""
        return bool(self.save_secs or self.save_steps)

    def tried(self, step: int, now: float) -> SaveSchedule:
        """Returns the schedule after a try at `now` to save `step`, of which nothing is known yet.

        The next try is an interval away, or at the end of the run.
        """
        return dataclasses.replace(self, last_step=step, last_time=now, missing=True)

    def saved(self, step: int, now: float) -> SaveSchedule:
        """Returns the schedule once `step` is saved, at `now`; a later step may have been tried."""
        if self.last_step is not None and step < self.last_step:
            return self
        return dataclasses.replace(self, last_step=step, last_time=now, missing=False)

    def due(self, step: int, now: float) -> bool:
        """Returns whether to save the state after `step` at `now`. The same step never twice."""
        if not self.enabled or step == self.last_step:
            return False
        if self.last_step is None:
            return True
        if self.save_steps:
            return step >= self.last_step + self.save_steps
        return now >= self.last_time + (self.save_secs or 0.0)

    def due_at_end(self, step: int) -> bool:
        """Returns whether the end of the run at `step` needs a save of its own."""
        return self.enabled and (step != self.last_step or self.missing)

    def next_step(self, step: int, now: float) -> int | None:
        """Returns the first step after `step` that may be due; None: not yet, as time stands."""
        if not self.enabled:
            return None
        if self.last_step is None:
            return step + 1
        if self.save_steps:
            return max(step + 1, self.last_step + self.save_steps)
        return step + 1 if now >= self.last_time + (self.save_secs or 0.0) else None
