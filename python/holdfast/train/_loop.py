"""The loop of a run: as many steps in one C++ call as nobody wants to look between."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Sequence
from typing import Any

from holdfast import _core, _signals, errors
from holdfast.train import _fetches
from holdfast.train._session import Session, StepFetches, refuse_feed
from holdfast.train._session_run_hook import (
    Progress,
    SessionRunArgs,
    SessionRunContext,
    SessionRunHook,
    SessionRunValues,
)

# A call lasts about this long, since signals are noticed between two calls only.
_SLICE_SECS = 0.1
# Numbers of a model's state that a step passes over in a second, at the very least. Too low costs
# one short call at the beginning, too high a call that _MOST_SECS ends.
_FIRST_GUESS_PER_SEC = 1e7
# Ends a call after the step it is in, when the guess was far off or the machine became slower.
_MOST_SECS = 0.3


@dataclasses.dataclass(frozen=True, kw_only=True)
class StepPlan:
    """What every step of a run computes.

    Args:
      targets: Nodes to run.
      fetches: Nodes to read after the last step of every call.
      watch: A float scalar that must not become NaN; -1: none.
      on_nan: Makes the exception of a NaN in the step with that number (from 0).
      original_args: What hooks see as the run's own fetches.
    """

    targets: Sequence[int] = ()
    fetches: Sequence[int] = ()
    watch: int = -1
    on_nan: Callable[[int], Exception] | None = None
    original_args: SessionRunArgs = dataclasses.field(default_factory=lambda: SessionRunArgs(None))


class Slicer:
    """Chooses how many steps one C++ call may run: about `_SLICE_SECS` worth of them."""

    def __init__(self, state_numbers: int) -> None:
        guess = _FIRST_GUESS_PER_SEC * _SLICE_SECS / max(1, state_numbers)
        self.steps = max(1, int(guess))

    def observe(self, steps: int, seconds: float) -> None:
        """Learns from one call. Grows tenfold at most: a first measurement may be far off."""
        if steps > 0 and seconds > 0:
            wanted = int(_SLICE_SECS * steps / seconds)
            self.steps = max(1, min(wanted, 10 * max(self.steps, steps)))


class RunLoop:
    """Runs steps with hooks around those that they want to look at.

    Attributes:
      fetched: Values of the plan's fetches from the last call that ran all its steps.
      watched: The plan's `watch` at the last step; None before the first one.
    """

    def __init__(
        self,
        session: Session,
        plan: StepPlan,
        hooks: Sequence[SessionRunHook],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.fetched: list[_core.Array] = []
        self.watched: float | None = None
        self._session = session
        self._plan = plan
        self._hooks = hooks
        self._clock = clock
        self._context = SessionRunContext(plan.original_args, session)
        self._slicer = Slicer(_state_numbers(session))
        session.trainer.limit_call(_MOST_SECS)

    def run(self) -> None:
        """Runs until a hook asks to stop or the input ends, then calls `end` of every hook.

        Raises: whatever a step or a hook raises, and Interruption if a signal has come; then no
          `end` is called.
        """
        while self.advance():
            pass
        self.finish()

    def finish(self) -> None:
        """Calls `end` of every hook."""
        for hook in self._hooks:
            _signals.told(hook.end, self._session)

    def advance(self, limit: int | None = None) -> bool:
        """Makes one C++ call of at most `limit` steps; returns False once the run is over.

        The input has then ended (and `fetched` is older), or a hook has asked to stop.

        Raises: Interruption if a signal has come. The state is then that of a whole step.
        """
        if self._context.stop_requested:
            return False
        progress = Progress(self._session.global_step, self._session.iteration)
        looks = [hook.steps_to_next_look(progress) for hook in self._hooks]
        steps = min(
            max(1, look) for look in (limit or self._slicer.steps, *looks) if look is not None
        )
        due = [
            hook
            for hook, look in zip(self._hooks, looks, strict=True)
            if look is not None and look <= steps
        ]
        try:
            return self._steps(steps, due, progress)
        except (errors.OutOfRangeError, StopIteration):
            return False  # TF's sign of the end, which hooks and Python inputs may raise as well
        except _signals.Interruption:
            # While the input was waited for: the call says nothing of the steps it has finished.
            session = self._session
            finished = session.global_step - progress.global_step
            session.iteration = max(session.iteration, progress.iteration + finished)
            raise

    def _steps(self, steps: int, due: Sequence[SessionRunHook], before: Progress) -> bool:
        session, plan = self._session, self._plan
        fetches = StepFetches(session.graph, plan.fetches)
        asked = [self._ask(hook, fetches) for hook in due]
        result = self._call(steps, fetches.nodes)
        left = steps - result.steps
        while result.reason == "time" and (due or plan.fetches):  # these wait for the last step
            result = self._call(left, fetches.nodes)
            left -= result.steps
        if result.reason == "time":
            return True
        if result.fetched:
            self.fetched = result.fetched[: len(plan.fetches)]
        if left > 0:
            return False
        values = [value[()] for value in result.fetched]
        fetches.put_step_before(values, before.global_step, session.global_step, steps)
        for hook, (args, places) in zip(due, asked, strict=True):
            leaves = [values[place] for place in places]
            results = None if args is None else _fetches.pack(args.fetches, leaves)
            _signals.told(hook.after_run, self._context, SessionRunValues(results))
        return True

    def _call(self, steps: int, fetches: Sequence[int]) -> _core.RunResult:
        session, plan = self._session, self._plan
        _signals.check()
        began = self._clock()
        result = session.trainer.run(steps, plan.targets, fetches, plan.watch)
        self._slicer.observe(result.steps, self._clock() - began)
        session.iteration += result.steps
        if result.steps > 0 and plan.watch >= 0:
            self.watched = session.watched = result.watched
        if result.reason == "nonfinite_loss" and plan.on_nan is not None:
            raise plan.on_nan(session.global_step - 1)
        return result

    def _ask(
        self, hook: SessionRunHook, fetches: StepFetches
    ) -> tuple[SessionRunArgs | None, list[int]]:
        args = _signals.told(hook.before_run, self._context)
        if args is None:
            return None, []
        who = f"before_run of {type(hook).__name__}"
        if not isinstance(args, SessionRunArgs):
            raise TypeError(f"{who} must return SessionRunArgs or None, got {args!r}")
        refuse_feed(who, args.feed_dict)
        return args, fetches.add(args.fetches)


def _state_numbers(session: Session) -> int:
    core = session.graph.core
    nodes = (core.find(name) for name in session.trainer.variable_names())
    return sum(math.prod(core.shape(node)) for node in nodes)


def check_hooks(hooks: Any) -> list[SessionRunHook]:
    """Returns the hooks as a list.

    Raises: TypeError if one of them is no SessionRunHook.
    """
    result = list(hooks or [])
    for hook in result:
        if not isinstance(hook, SessionRunHook):
            raise TypeError(f"All hooks must be SessionRunHook instances, given: {hook!r}")
    return result
