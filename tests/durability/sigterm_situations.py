"""What training can be doing when a SIGTERM comes: the situations of campaign T11."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from typing import Any, ClassVar

import forked
import small_training

import holdfast as tf
from holdfast.estimator import Estimator

BEFORE = 7  # steps of a training that is continued
MORE = 20  # steps that are compared after the end
_LONG = 600.0  # seconds, for a wait that only a signal ends
_ROWS_BEFORE = BEFORE * small_training.BATCH


class _Steps(tf.train.SessionRunHook):
    """Tells every finished step."""

    def __init__(self, tell: forked.Tell) -> None:
        self._tell = tell

    def after_run(self, run_context: Any, run_values: Any) -> None:
        self._tell(f"step {run_context.session.global_step}")


class _Saves(tf.estimator.CheckpointSaverListener):
    """Tells every save, and calls a function around each."""

    def __init__(self, tell: forked.Tell, before: Callable[[int], None] | None = None) -> None:
        self._tell, self._before = tell, before

    def before_save(self, session: Any, global_step_value: int) -> None:
        self._tell(f"saving {global_step_value}")
        if self._before is not None:
            self._before(global_step_value)

    def after_save(self, session: Any, global_step_value: int) -> None:
        self._tell(f"saved {global_step_value}")


class Situation:
    """A training that comes into a certain state, and stays in or near it.

    Attributes:
      name: For people.
      go: The start of the line that the child tells when it is there.
      span: Seconds after that line within which the signal is sent.
      config: Of the RunConfig.
      units: Width of the model.
      tells_steps: Whether every step is told.
      needs_handler: Whether on_signal has something to do.
    """

    name: ClassVar[str]
    go: ClassVar[str]
    span: ClassVar[float]
    config: ClassVar[dict[str, Any]] = {}
    units: ClassVar[int] = 16
    tells_steps: ClassVar[bool] = True
    needs_handler: ClassVar[bool] = False

    def estimator(self, model_dir: str) -> Estimator:
        """Returns the Estimator."""
        config = {"durability": "process", **self.config}
        return small_training.estimator(model_dir, self.units, **config)

    def calm_estimator(self, model_dir: str) -> Estimator:
        """Returns one that saves at its start and end only."""
        return small_training.estimator(model_dir, self.units, durability="process")

    def train(self, model_dir: str, tell: forked.Tell) -> None:
        """Trains for ever; `tell` goes to the supervisor."""
        hooks = [_Steps(tell)] if self.tells_steps else []
        self.estimator(model_dir).train(
            lambda: self.data(tell), hooks=hooks, saving_listeners=[self.listener(model_dir, tell)]
        )

    def data(self, tell: forked.Tell) -> tf.data.Dataset:
        """Returns the input of `train`."""
        return self.calm_data()

    def calm_data(self) -> tf.data.Dataset:
        """Returns the same values without any delay."""
        return small_training.shuffled()

    def listener(self, model_dir: str, tell: forked.Tell) -> tf.estimator.CheckpointSaverListener:
        """Returns the listener of `train`."""
        return _Saves(tell)

    def on_signal(self) -> None:
        """Is called by the program's own handler."""


class _FromGenerator(Situation):
    """Reads a generator that may wait before a row."""

    def data(self, tell: forked.Tell) -> tf.data.Dataset:
        return small_training.generated(lambda row: self.before_row(row, tell))

    def calm_data(self) -> tf.data.Dataset:
        return small_training.generated(lambda row: None)

    def before_row(self, row: int, tell: forked.Tell) -> None:
        """Waits, or does not."""


class StartUp(_FromGenerator):
    """Building, restoring, reading the generator again up to where it was; then steps."""

    name, go, span = "start-up", "input_fn", 0.25

    def data(self, tell: forked.Tell) -> tf.data.Dataset:
        tell("input_fn")
        time.sleep(0.02)
        return super().data(tell)

    def before_row(self, row: int, tell: forked.Tell) -> None:
        if row <= _ROWS_BEFORE:
            time.sleep(0.001)


class Steps(Situation):
    """One step after the other."""

    name, go, span = "steps", "step", 0.1


class ManySteps(Situation):
    """As many steps in one C++ call as fit into a tenth of a second."""

    name, go, span, tells_steps = "many steps in a call", "saved", 0.4, False


class SlowInput(_FromGenerator):
    """A generator that takes its time for every row."""

    name, go, span = "slow input", "step", 0.2

    def before_row(self, row: int, tell: forked.Tell) -> None:
        if row > _ROWS_BEFORE:
            time.sleep(0.002)


class NoInput(_FromGenerator):
    """A generator that does not come back."""

    name, go, span = "input that never comes", "waiting", 0.05

    def before_row(self, row: int, tell: forked.Tell) -> None:
        if row == 2 * _ROWS_BEFORE + 5:  # within a batch
            tell("waiting")
            time.sleep(_LONG)


class Evaluation(Situation):
    """An endless evaluation in a listener."""

    name, go, span = "evaluation", "evaluating", 0.1
    config: ClassVar[dict[str, Any]] = {"save_checkpoints_steps": 15}

    def listener(self, model_dir: str, tell: forked.Tell) -> tf.estimator.CheckpointSaverListener:
        estimator, data = self.estimator(model_dir), self.calm_data

        class Evaluates(_Saves):
            def after_save(self, session: Any, global_step_value: int) -> None:
                super().after_save(session, global_step_value)
                if global_step_value >= 15:
                    tell("evaluating")
                    estimator.evaluate(data)

        return Evaluates(tell)


class Saves(Situation):
    """Synced saves of a larger model after every step."""

    name, go, span, units = "save", "saving", 0.2, 4000
    config: ClassVar[dict[str, Any]] = {"durability": "full", "save_checkpoints_steps": 1}


class BackgroundSaves(Situation):
    """Saves in the background while steps go on."""

    name, go, span, units = "save in the background", "saving", 0.2, 4000
    config: ClassVar[dict[str, Any]] = {
        "durability": "full",
        "save_checkpoints_steps": 5,
        "async_save": True,
    }


class Retries(Situation):
    """A save that cannot be written, and waits before it is tried again.

    Files may not grow beyond 100 bytes, until the program's handler allows it.
    """

    name, go, span, needs_handler = "wait before a retry", "full", 0.9, True
    config: ClassVar[dict[str, Any]] = {"save_checkpoints_steps": 15}

    def listener(self, model_dir: str, tell: forked.Tell) -> tf.estimator.CheckpointSaverListener:
        filled: list[int] = []

        def fill(step: int) -> None:
            if step >= 15 and not filled:  # not the last save, which comes after the handler
                filled.append(step)
                _limit_files(100)
                tell("full")

        return _Saves(tell, fill)

    def on_signal(self) -> None:
        _limit_files(None)


class BackgroundRetries(Retries):
    """The same in the background."""

    name = "wait before a retry in the background"
    config: ClassVar[dict[str, Any]] = {"save_checkpoints_steps": 15, "async_save": True}


def _limit_files(size: int | None) -> None:
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard if size is None else size, hard))


SITUATIONS: list[Situation] = [
    StartUp(),
    Steps(),
    ManySteps(),
    SlowInput(),
    NoInput(),
    Evaluation(),
    Saves(),
    BackgroundSaves(),
    Retries(),
    BackgroundRetries(),
]
