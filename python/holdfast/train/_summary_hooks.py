"""Hooks that write event files: the one behind every train call, and TF's SummarySaverHook."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from holdfast import _core
from holdfast._graph import GraphKeys, get_default_graph
from holdfast.summary import Event, FileWriter, FileWriterCache, SessionLog
from holdfast.summary._collect import Recorded, scalar
from holdfast.summary._messages import to_core
from holdfast.train._saver_listener import CheckpointSaverListener
from holdfast.train._session import Session
from holdfast.train._session_run_hook import ClosingHook, Progress


class EventFileHook(ClosingHook):
    """Has the trainer record its steps in model_dir; steps never return to Python for it.

    Args:
      output_dir: Where the event file goes.
      loss: Recorded as "loss", unless the model has a summary of that name.
      save_steps: Steps between two records; 0 or None: none.
      speed_steps: Steps between two values of "global_step/sec"; None: none.
    """

    def __init__(
        self, output_dir: str, loss: Any, save_steps: int | None, speed_steps: int | None
    ) -> None:
        self._output_dir = output_dir
        self._loss = loss
        self._save_steps = save_steps or 0
        self._speed_steps = speed_steps or 0
        self._opening: list[Event] | None = []  # None: the trainer has it
        self._session: Session | None = None

    def begin(self) -> None:
        """Adds the loss to the summaries of the graph."""
        self._opening, self._session = [], None
        graph = get_default_graph()
        names = {item.name for item in _collected(graph.get_collection(GraphKeys.SUMMARIES))}
        if self._save_steps and self._loss is not None and "loss" not in names:
            with graph.name_scope(None):
                scalar("loss", self._loss)

    def note(self, event: Event) -> None:
        """Adds an event; what comes before the first step waits for it, behind the start."""
        if self._opening is None:
            FileWriterCache.get(self._output_dir).add_event(event)
        else:
            self._opening.append(event)

    def after_create_session(self, session: Session, coord: None) -> None:
        """Starts recording. Comes behind the saver's, which refuses a directory that is taken."""
        step, notes = session.global_step, self._opening or []
        self._session, self._opening = session, None
        writer = FileWriterCache.get(self._output_dir)
        # Points of an earlier run at this step or behind it were lost with it.
        opening = [Event(step=step + 1, session_log=SessionLog(SessionLog.START)), *notes]
        if writer.graph_file != writer.path or not os.path.exists(writer.path):
            graph_def = _core.graph_def(session.graph.core)
            opening.append(Event(step=step, graph_def=graph_def))
        sources = [
            (item.name, item.kind, item.tensor.node)
            for item in _collected(session.graph.get_collection(GraphKeys.SUMMARIES))
        ]
        session.trainer.add_summaries(
            writer.core,
            sources,
            self._save_steps,
            self._speed_steps,
            [to_core(event) for event in opening],
        )

    def steps_to_next_look(self, progress: Progress) -> int | None:
        """Never: the trainer records on its own."""
        return None

    def close(self) -> None:
        """Leaves everything in the file, and nothing open; called however a run ends."""
        if self._session is None or self._session.iteration == 0:
            return
        writer = FileWriterCache.get(self._output_dir)
        writer.close()
        writer.graph_file = writer.path


class EventFileListener(CheckpointSaverListener):
    """Notes every checkpoint in the event file."""

    def __init__(self, hook: EventFileHook, model_dir: str) -> None:
        self._hook = hook
        self._model_dir = model_dir

    def before_save(self, session: Session, global_step_value: int) -> None:
        """Leaves the points of all steps so far in the file: none is lost that is not run again."""
        self._flush(session)

    def after_save(self, session: Session, global_step_value: int) -> None:
        """Notes the checkpoint under TF's name for it, which has no step."""
        path = os.path.join(self._model_dir, "model.ckpt")
        log = SessionLog(SessionLog.CHECKPOINT, path)
        self._hook.note(Event(step=global_step_value, session_log=log))
        self._flush(session)

    def _flush(self, session: Session) -> None:
        if session.iteration > 0:  # else there is nothing
            FileWriterCache.get(self._model_dir).flush()


class SummarySaverHook(ClosingHook):
    """Records summaries in a directory of one's own, after steps 1, 1 + save_steps, ...

    Args:
      save_steps: Steps between two records.
      save_secs: Must be None: the trainer counts steps, without a clock.
      output_dir: Where the event file goes; excludes summary_writer.
      summary_writer: A FileWriter.
      scaffold: Must be None.
      summary_op: What summary.scalar, histogram or text returned, or a list of these; None: all
        summaries of the graph.

    Raises:
      ValueError: save_steps is missing, or a value is not what it must be.
    Source: tf.estimator.SummarySaverHook.
    """

    def __init__(
        self,
        save_steps: int | None = None,
        save_secs: float | None = None,
        output_dir: str | None = None,
        summary_writer: FileWriter | None = None,
        scaffold: None = None,
        summary_op: Any = None,
    ) -> None:
        if save_steps is None or save_steps <= 0 or save_secs is not None:
            raise ValueError(
                "SummarySaverHook: save_steps must be a positive number and save_secs None, got "
                f"save_steps={save_steps} and save_secs={save_secs}"
            )
        if (output_dir is None) == (summary_writer is None) or scaffold is not None:
            raise ValueError(
                "SummarySaverHook: exactly one of output_dir and summary_writer must be given, "
                "and no scaffold"
            )
        self._save_steps = save_steps
        self._writer = summary_writer
        self._output_dir = output_dir
        self._wanted = summary_op

    def after_create_session(self, session: Session, coord: None) -> None:
        """Starts recording."""
        if self._writer is None:
            assert self._output_dir is not None
            self._writer = FileWriterCache.get(self._output_dir)
        items = _collected(session.graph.get_collection(GraphKeys.SUMMARIES))
        if self._wanted is not None:
            wanted = self._wanted if isinstance(self._wanted, Sequence) else [self._wanted]
            nodes = {tensor.node for tensor in wanted}
            items = [item for item in items if item.tensor.node in nodes]
        sources = [(item.name, item.kind, item.tensor.node) for item in items]
        session.trainer.add_summaries(self._writer.core, sources, self._save_steps, 0)

    def steps_to_next_look(self, progress: Progress) -> int | None:
        """Never: the trainer records on its own."""
        return None

    def end(self, session: Session) -> None:
        """Leaves everything in the file."""
        if self._writer is not None:
            self._writer.flush()

    def close(self) -> None:
        """Leaves nothing open of what the hook has opened; called however a run ends."""
        if self._writer is not None and self._output_dir is not None:
            self._writer.close()


def _collected(items: Sequence[Any]) -> list[Recorded]:
    return [item for item in items if isinstance(item, Recorded)]
