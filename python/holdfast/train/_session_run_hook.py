"""What a hook is: called around the steps of a run that it wants to look at."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from holdfast.train._session import Session


class SessionRunArgs(NamedTuple):
    """What a hook asks of a step.

    Args:
      fetches: A tensor, a tensor's name, or dicts, lists and tuples of these.
      feed_dict: Must be None: a step takes its values from the input function.
      options: Ignored.
    """

    fetches: Any
    feed_dict: Any = None
    options: Any = None


class SessionRunValues(NamedTuple):
    """What a step answers: `results` has the structure of the hook's fetches."""

    results: Any
    options: Any = None
    run_metadata: Any = None


class SessionRunContext:
    """The run that a hook is called from."""

    def __init__(self, original_args: SessionRunArgs, session: Session) -> None:
        self._original_args = original_args
        self._session = session
        self._stop_requested = False

    @property
    def original_args(self) -> SessionRunArgs:
        """What the run computes without any hook."""
        return self._original_args

    @property
    def session(self) -> Session:
        """Reads values between steps."""
        return self._session

    @property
    def stop_requested(self) -> bool:
        """Whether a hook has asked to stop."""
        return self._stop_requested

    def request_stop(self) -> None:
        """Ends the run after this step; the step's other hooks are still called."""
        self._stop_requested = True


@dataclasses.dataclass(frozen=True)
class Progress:
    """Where a run is, between two steps."""

    global_step: int  # 0 in graphs without one
    iteration: int  # steps finished in this call of train, evaluate or predict


class SessionRunHook:
    """The base of hooks. Steps between two looks run in C++ without returning to Python.

    Source: tf.estimator.SessionRunHook.
    """

    def begin(self) -> None:
        """Called once, before the run is made; the graph may still be added to."""

    def after_create_session(self, session: Session, coord: None) -> None:
        """Called once the variables have their values. coord is None: nothing needs joining."""

    def steps_to_next_look(self, progress: Progress) -> int | None:
        """Returns in how many steps this hook is to be called: before_run and after_run.

        holdfast's own. Asked again after every stretch of steps, so None (not yet) is never final.
        By default every step, which costs a return to Python for each.
        """
        return 1

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        """Called before the step; returns what to fetch from it."""
        return None

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Called after the step with what was fetched."""

    def end(self, session: Session) -> None:
        """Called once after the last step; not when the run ends by an exception."""


class ClosingHook(SessionRunHook):
    """A hook of holdfast's own that holds something open."""

    def close(self) -> None:
        """Called once, however a run ends, after `end`. May be called twice."""
