"""The stock hooks that log, stop and read. The one that saves is in _saver_hook."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from holdfast import errors
from holdfast.summary import FileWriter, FileWriterCache, Summary
from holdfast.train._session_run_hook import (
    Progress,
    SessionRunArgs,
    SessionRunContext,
    SessionRunHook,
    SessionRunValues,
)
from holdfast.train._timer import SecondOrStepTimer

if TYPE_CHECKING:
    from holdfast.train._session import Session

_logger = logging.getLogger("holdfast")


class StopAtStepHook(SessionRunHook):
    """Stops at a step. One that is already passed still lets one step run, as in TF.

    Args:
      num_steps: So many steps after the one the run starts at; excludes last_step.
      last_step: The global step to stop at.

    Raises:
      ValueError: both or neither is given.
    """

    def __init__(self, num_steps: int | None = None, last_step: int | None = None) -> None:
        if (num_steps is None) == (last_step is None):
            raise ValueError(
                "StopAtStepHook: exactly one of num_steps and last_step must be given, "
                f"got {num_steps} and {last_step}"
            )
        self._num_steps = num_steps
        self._last_step = last_step
        self._first_step = 0

    @property
    def num_steps(self) -> int | None:
        """As given."""
        return self._num_steps

    @property
    def last_step(self) -> int | None:
        """The step it stops at; None while only num_steps is known."""
        return self._last_step

    def after_create_session(self, session: Session, coord: None) -> None:
        """Counts num_steps from here."""
        self._first_step = session.global_step
        if self._num_steps is not None:
            self._last_step = session.global_step + self._num_steps

    def steps_to_next_look(self, progress: Progress) -> int | None:
        """At the last step. Raises: ValueError if steps do not advance the global step."""
        assert self._last_step is not None
        if progress.iteration > 0 and progress.global_step == self._first_step:
            raise ValueError(
                f"train_op does not advance the global step: it is {self._first_step} after "
                f"{progress.iteration} steps, so that training would never stop. Pass "
                "global_step=train.get_global_step() to minimize or apply_gradients."
            )
        return max(1, self._last_step - progress.global_step)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Stops, once there."""
        assert self._last_step is not None
        if run_context.session.global_step >= self._last_step:
            run_context.request_stop()


class LoggingTensorHook(SessionRunHook):
    """Logs values at the first step of a call and every so many steps or seconds.

    Args:
      tensors: Tensors or names by tag (logged by ascending tag), or a list of them.
      every_n_iter: Steps of this call between two lines.
      every_n_secs: Seconds between two lines.
      at_end: Whether to log once more at the end.
      formatter: Makes the line of a dict from tag to value.

    Raises:
      ValueError: not exactly one interval (none is fine with at_end), or not positive.
    """

    def __init__(
        self,
        tensors: Mapping[str, Any] | Sequence[Any],
        every_n_iter: int | None = None,
        every_n_secs: float | None = None,
        at_end: bool = False,
        formatter: Callable[[Mapping[str, Any]], str] | None = None,
    ) -> None:
        self._only_at_end = at_end and every_n_iter is None and every_n_secs is None
        if not self._only_at_end and (every_n_iter is None) == (every_n_secs is None):
            raise ValueError(
                "LoggingTensorHook: exactly one of every_n_iter and every_n_secs must be given, "
                f"got {every_n_iter} and {every_n_secs}"
            )
        if every_n_iter is not None and every_n_iter <= 0:
            raise ValueError(
                f"LoggingTensorHook: every_n_iter must be positive, got {every_n_iter}"
            )
        if isinstance(tensors, Mapping):
            self._tags = sorted(tensors)
            self._tensors = dict(tensors)
        else:
            self._tags = [tensor if isinstance(tensor, str) else tensor.name for tensor in tensors]
            self._tensors = dict(zip(self._tags, tensors, strict=True))
        self._formatter = formatter
        self._at_end = at_end
        self._iterations = 0
        self._timer = None if self._only_at_end else SecondOrStepTimer(every_n_secs, every_n_iter)

    def begin(self) -> None:
        """Starts counting."""
        self._iterations = 0
        if self._timer is not None:
            self._timer.reset()

    def steps_to_next_look(self, progress: Progress) -> int | None:
        """At the step whose values are due; never, where nobody reads the log."""
        self._iterations = progress.iteration
        if self._timer is None or not (self._formatter or _logger.isEnabledFor(logging.INFO)):
            return None
        # The timer counts iterations from 0; iteration i is the step from i to i + 1.
        next_iteration = self._timer.next_step(progress.iteration - 1)
        return None if next_iteration is None else next_iteration - progress.iteration + 1

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        """Fetches the values."""
        return SessionRunArgs(self._tensors)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Logs them."""
        assert self._timer is not None
        iteration = run_context.session.iteration - 1
        elapsed, _ = self._timer.update_last_triggered_step(iteration)
        self._log(run_values.results, elapsed)

    def end(self, session: Session) -> None:
        """Logs once more, if asked."""
        if self._at_end:
            self._log(session.run(self._tensors), None)

    def _log(self, values: Mapping[str, Any], elapsed: float | None) -> None:
        if self._formatter is not None:
            _logger.info("%s", self._formatter(values))
            return
        line = ", ".join(f"{tag} = {_text(values[tag])}" for tag in self._tags)
        _logger.info("%s%s", line, "" if elapsed is None else f" ({elapsed:.3f} sec)")


class StepCounterHook(SessionRunHook):
    """Logs `global_step/sec` every so many steps or seconds; the first trigger starts the clock.

    It is recorded as well where there is an output_dir or a summary_writer.

    Args:
      every_n_steps: Steps between two lines.
      every_n_secs: Seconds between two lines; excludes every_n_steps.
      output_dir: Directory of an event file; None: nothing is recorded.
      summary_writer: A FileWriter; excludes output_dir.

    Raises:
      ValueError: both or neither interval is given, or both output_dir and summary_writer.
    """

    def __init__(
        self,
        every_n_steps: int | None = 100,
        every_n_secs: float | None = None,
        output_dir: str | None = None,
        summary_writer: FileWriter | None = None,
    ) -> None:
        if output_dir is not None and summary_writer is not None:
            raise ValueError("StepCounterHook: give one of output_dir and summary_writer, not both")
        self._output_dir = output_dir
        self._writer = summary_writer
        self._timer = SecondOrStepTimer(every_n_secs, every_n_steps)

    def begin(self) -> None:
        """Forgets the last run."""
        self._timer.reset()

    def steps_to_next_look(self, progress: Progress) -> int | None:
        """When the next line is due; never, where nobody reads the log."""
        recorded = self._writer is not None or self._output_dir is not None
        if not recorded and not _logger.isEnabledFor(logging.INFO):
            return None
        next_step = self._timer.next_step(progress.global_step)
        return None if next_step is None else next_step - progress.global_step

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Logs the speed."""
        step = run_context.session.global_step
        elapsed, steps = self._timer.update_last_triggered_step(step)
        if elapsed and steps is not None:
            _logger.info("global_step/sec: %g", steps / elapsed)
            self._record(steps / elapsed, step)

    def end(self, session: Session) -> None:
        """Leaves nothing open of what the hook has opened."""
        if self._output_dir is not None:
            FileWriterCache.get(self._output_dir).close()

    def _record(self, speed: float, step: int) -> None:
        writer = self._writer
        if writer is None and self._output_dir is not None:
            writer = FileWriterCache.get(self._output_dir)
        if writer is not None:
            value = Summary.Value(tag="global_step/sec", simple_value=speed)
            writer.add_summary(Summary(value=[value]), step)


class NanTensorHook(SessionRunHook):
    """Stops when a tensor is NaN. The training loss is watched without this hook.

    Args:
      loss_tensor: A tensor or its name.
      fail_on_nan_loss: True: raise NanLossDuringTrainingError; False: warn and stop.
    """

    def __init__(self, loss_tensor: Any, fail_on_nan_loss: bool = True) -> None:
        self._loss_tensor = loss_tensor
        self._fail = fail_on_nan_loss

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        """Fetches the tensor."""
        return SessionRunArgs(self._loss_tensor)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Looks at it."""
        if not np.isnan(run_values.results).any():
            return
        if self._fail:
            raise nan_loss_error(run_context.session.global_step - 1)
        _logger.warning("Model diverged with loss = NaN.")
        run_context.request_stop()


def nan_loss_error(step: int, model_dir: str | None = None) -> errors.NanLossDuringTrainingError:
    """Logs the divergence and returns its error; `step` counts as in the log lines, from 0."""
    _logger.error("Model diverged with loss = NaN.")
    kept = "" if model_dir is None else f" Checkpoints in {model_dir!r} are those before it."
    return errors.NanLossDuringTrainingError(
        f"NaN loss during training: the loss of step {step} is NaN.{kept} Lower the learning "
        "rate, or look for NaN, infinite or very large values in the input.",
        {"step": step},
    )


class FinalOpsHook(SessionRunHook):
    """Reads values at the end of a run.

    Args:
      final_ops: What to read: values that need no input, such as variables and metrics.
      final_ops_feed_dict: Must be None.
    """

    def __init__(self, final_ops: Any, final_ops_feed_dict: Any = None) -> None:
        self._final_ops = final_ops
        self._feed_dict = final_ops_feed_dict
        self._values: Any = None

    @property
    def final_ops_values(self) -> Any:
        """The values, in the structure of final_ops; None before the end."""
        return self._values

    def steps_to_next_look(self, progress: Progress) -> int | None:
        """Never."""
        return None

    def end(self, session: Session) -> None:
        """Reads."""
        self._values = session.run(self._final_ops, self._feed_dict)


class FeedFnHook(SessionRunHook):
    """TF's hook that feeds placeholders from Python. Refused: steps do not return to Python."""

    def __init__(self, feed_fn: Callable[[], Any]) -> NoReturn:
        raise errors.UnimplementedError(
            None,
            None,
            "FeedFnHook: values cannot be fed between steps. Return them as features of the input "
            "function, for example through Dataset.from_generator.",
        )


def _text(value: Any) -> str:
    array = np.asarray(value)
    if array.ndim == 0 and array.dtype.kind == "f":
        return f"{float(array):.8g}"
    return str(array[()])
