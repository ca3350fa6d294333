"""CheckpointSaverHook: puts a Saver among the hooks of a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from holdfast import _signals
from holdfast.train._saver import Saver
from holdfast.train._saver_listener import CheckpointSaverListener
from holdfast.train._saver_options import SavedState, SaverOptions
from holdfast.train._schedule import SaveSchedule
from holdfast.train._session import Session
from holdfast.train._session_run_hook import (
    ClosingHook,
    Progress,
    SessionRunContext,
    SessionRunValues,
)


class CheckpointSaverHook(ClosingHook):
    """Saves when a run starts, by steps or seconds, and when it ends.

    Args:
      checkpoint_dir: Where the checkpoints go; the run need not have its model_dir there.
      save_secs: Seconds between two checkpoints; excludes save_steps.
      save_steps: Steps between two checkpoints.
      saver: Must be None: there is one way of writing checkpoints.
      checkpoint_basename: Must be "model.ckpt", as the format says.
      scaffold: Must be None.
      listeners: Told of every checkpoint.
      save_graph_def: Has no effect: a checkpoint holds no graph.

    Raises:
      ValueError: both intervals or neither are given, or a value is not what it must be.
    Source: tf.estimator.CheckpointSaverHook.
    """

    def __init__(
        self,
        checkpoint_dir: str,
        save_secs: float | None = None,
        save_steps: int | None = None,
        saver: None = None,
        checkpoint_basename: str = "model.ckpt",
        scaffold: None = None,
        listeners: Sequence[CheckpointSaverListener] | None = None,
        save_graph_def: bool = True,
    ) -> None:
        if (save_secs is None) == (save_steps is None):
            raise ValueError(
                "CheckpointSaverHook: exactly one of save_secs and save_steps must be given, "
                f"got {save_secs} and {save_steps}"
            )
        _refuse("saver", saver, None)
        _refuse("scaffold", scaffold, None)
        _refuse("checkpoint_basename", checkpoint_basename, "model.ckpt")
        self._checkpoint_dir = checkpoint_dir
        self._schedule = SaveSchedule(save_secs=save_secs, save_steps=save_steps)
        self._listeners = list(listeners or [])
        self._options = SaverOptions()
        self._saved_state = SavedState()
        self._saver: Saver | None = None

    def configure(self, options: SaverOptions, saved_state: SavedState) -> None:
        """Tells the hook what the run's checkpoints hold and how they are kept."""
        self._options, self._saved_state = options, saved_state

    @property
    def checkpoint_dir(self) -> str:
        """Where the checkpoints go."""
        return self._checkpoint_dir

    def add_listeners(self, listeners: Sequence[CheckpointSaverListener]) -> None:
        """Adds listeners behind those it has."""
        self._listeners.extend(listeners)

    def begin(self) -> None:
        """Begins the listeners."""
        for listener in self._listeners:
            listener.begin()

    def after_create_session(self, session: Session, coord: None) -> None:
        """Saves the state that the run starts with."""
        self._saver = Saver(
            self._checkpoint_dir,
            self._schedule,
            self._options,
            self._saved_state,
            self._listeners,
            interrupted=_signals.pending,
        )
        self._saver.start(session)

    def steps_to_next_look(self, progress: Progress) -> int | None:
        """At the step that may be due for saving, or at once when a background save has ended."""
        assert self._saver is not None
        step = self._saver.next_step(progress.global_step)
        return None if step is None else step - progress.global_step

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Saves, if it is due, and tells the listeners of what a background save has written."""
        assert self._saver is not None
        if self._saver.look(run_context.session):
            run_context.request_stop()

    def wait_for_saves(self, session: Session) -> None:
        """Waits until no checkpoint is being written in the background; listeners are told then.

        Only RunConfig(async_save=True) writes there. The run itself waits at its end.

        Args:
          session: The run's, as other hooks and listeners are handed it.

        Raises:
          errors.CheckpointSaveError: it failed, as too many in a row have.
        """
        if self._saver is not None:
            self._saver.wait_for_saves(session)

    def end(self, session: Session) -> None:
        """Saves the last state."""
        assert self._saver is not None
        self._saver.finish(session)

    def close(self) -> None:
        """Lets other writers have the directory; called when a run ends, however it ends."""
        if self._saver is not None:
            self._saver.close()


def _refuse(name: str, value: Any, expected: Any) -> None:
    if value != expected:
        raise ValueError(f"CheckpointSaverHook: {name} must be {expected!r}, got {value!r}")
