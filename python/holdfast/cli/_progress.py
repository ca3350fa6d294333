"""The live line of a training run: step, speed, loss and time left."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from holdfast import get_collection
from holdfast.train import (
    SessionRunArgs,
    SessionRunContext,
    SessionRunHook,
    SessionRunValues,
)

_SECONDS_BETWEEN_LOOKS = 0.1  # what an eye can follow; steps in between run without Python


class ProgressHook(SessionRunHook):
    """Moves the bar ten times a second, whatever a step costs.

    Args:
      progress: Shows the line.
      steps: How many steps the run will make.
    """

    def __init__(self, progress: Progress, steps: int) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=steps, step=0, speed=0.0, loss=float("nan"))
        self._loss: Any = None
        self._started = 0.0

    def begin(self) -> None:
        """Finds the loss in the graph."""
        losses = get_collection("losses")
        self._loss = losses[-1] if losses else None

    def after_create_session(self, session: Any, coord: None) -> None:
        """Starts the clock."""
        self._started = time.monotonic()

    def steps_to_next_look(self, progress: Any) -> int | None:
        """As many steps as fit between two looks, at the speed so far."""
        elapsed = time.monotonic() - self._started
        if progress.iteration == 0 or elapsed <= 0:
            return 1
        return max(1, int(progress.iteration / elapsed * _SECONDS_BETWEEN_LOOKS))

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        """Fetches the loss."""
        return None if self._loss is None else SessionRunArgs(self._loss)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Moves the bar."""
        done = run_context.session.iteration
        elapsed = max(time.monotonic() - self._started, 1e-9)
        loss = float("nan") if self._loss is None else float(np.mean(run_values.results))
        self._progress.update(
            self._task,
            completed=done,
            step=run_context.session.global_step,
            speed=done / elapsed,
            loss=loss,
        )


def live_line(console: Console, shown: bool) -> AbstractContextManager[Progress | None]:
    """Returns a context in which the line is live, and gone afterwards; None where not shown."""
    if not (shown and console.is_terminal):
        return nullcontext()
    return Progress(
        TextColumn("step {task.fields[step]}"),
        BarColumn(),
        TextColumn("{task.fields[speed]:,.0f} steps/s   loss {task.fields[loss]:.4g}  "),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
