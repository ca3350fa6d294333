"""CheckpointSaverListener: what a program does before and after each checkpoint."""

from __future__ import annotations

from holdfast.train._session import Session


class CheckpointSaverListener:
    """Told of every checkpoint of a run, between two steps, by the thread that trains.

    With RunConfig(async_save=True) training goes on while a checkpoint is written, so that
    `after_save` comes some steps after `before_save` of the same checkpoint: global_step_value is
    the checkpoint's step, session.global_step the one that training has reached.

    Source: tf.estimator.CheckpointSaverListener.
    """

    def begin(self) -> None:
        """Called once before the run."""

    def before_save(self, session: Session, global_step_value: int) -> None:
        """Called before a checkpoint of that step is written."""

    def after_save(self, session: Session, global_step_value: int) -> bool | None:
        """Called once the checkpoint is safe on disk. True, between first and last: stop."""
        return None

    def end(self, session: Session, global_step_value: int) -> None:
        """Called once after the last save."""
