"""FileWriter: event files of one directory."""

from __future__ import annotations

import atexit
import logging
import os
import threading
from typing import Any, ClassVar

from holdfast import _core
from holdfast._graph import Graph
from holdfast.summary._messages import Event, SessionLog, Summary, to_core

_logger = logging.getLogger("holdfast")
_DEFAULT_FLUSH_SECS = 2.0  # TF's 120 s would keep a curve two minutes behind
_QUEUE_SIZE = 4096


class FileWriter:
    """Writes event files that TensorBoard reads.

    Nothing that goes wrong with the file stops the program: the first error is logged as a
    warning, and what could not be written is counted in `lost_events`.

    Args:
      logdir: The directory; made with the first event.
      graph: Shown in the Graphs page.
      max_queue: Events that wait for the disk; None: 4096.
      flush_secs: Seconds after which an event has reached the file.
      graph_def: Must be None.
      filename_suffix: Put behind the file's name.
      session: Must be None.

    Raises:
      ValueError: graph_def or session is given.
    Source: tf.compat.v1.summary.FileWriter.
    """

    def __init__(
        self,
        logdir: str | os.PathLike[str],
        graph: Graph | None = None,
        max_queue: int | None = None,
        flush_secs: float = _DEFAULT_FLUSH_SECS,
        graph_def: None = None,
        filename_suffix: str | None = None,
        session: None = None,
    ) -> None:
        if graph_def is not None or session is not None:
            raise ValueError("FileWriter: graph_def and session must be None; give the graph")
        self._logdir = os.fspath(logdir)
        self.core = _core.EventWriter(
            self._logdir, flush_secs, max_queue or _QUEUE_SIZE, filename_suffix or ""
        )
        self.graph_file = ""  # the one that has the graph of an Estimator; holdfast's own
        if graph is not None:
            self.add_graph(graph)

    def get_logdir(self) -> str:
        """Returns the directory."""
        return self._logdir

    @property
    def lost_events(self) -> int:
        """How many events could not be written."""
        return self.core.lost_events

    def add_event(self, event: Event) -> None:
        """Adds one event; a wall_time of 0 becomes now."""
        self.core.add(to_core(event))

    def add_summary(self, summary: Summary, global_step: int | None = None) -> None:
        """Adds values of a step. Raises: ValueError for a value that is not exactly one thing."""
        self.add_event(Event(step=int(global_step or 0), summary=summary))

    def add_session_log(self, session_log: SessionLog, global_step: int | None = None) -> None:
        """Adds what happened to the run."""
        self.add_event(Event(step=int(global_step or 0), session_log=session_log))

    def add_graph(self, graph: Graph, global_step: int | None = None) -> None:
        """Adds the graph of a model."""
        self.add_event(Event(step=int(global_step or 0), graph_def=_core.graph_def(graph.core)))

    @property
    def path(self) -> str:
        """The file; empty before the first event is written."""
        return self.core.path

    def flush(self) -> None:
        """Returns once everything added is in the file."""
        self.core.flush()
        self._warn()

    def close(self) -> None:
        """Flushes and closes the file; an event added later goes on in it."""
        self.core.close()
        self._warn()

    def reopen(self) -> None:
        """Does nothing: adding an event reopens a closed writer."""

    def __enter__(self) -> FileWriter:
        return self

    def __exit__(self, *unused: Any) -> None:
        self.close()

    def _warn(self) -> None:
        for warning in self.core.take_warnings():
            _logger.warning(warning)


class FileWriterCache:
    """One FileWriter for each directory and process. Source: tf.summary.FileWriterCache."""

    _writers: ClassVar[dict[str, FileWriter]] = {}
    _lock: ClassVar[threading.Lock] = threading.Lock()

    @staticmethod
    def get(logdir: str | os.PathLike[str]) -> FileWriter:
        """Returns the writer of a directory."""
        key = os.path.abspath(os.fspath(logdir))
        with FileWriterCache._lock:
            if key not in FileWriterCache._writers:
                FileWriterCache._writers[key] = FileWriter(logdir)
            return FileWriterCache._writers[key]

    @staticmethod
    def clear() -> None:
        """Closes and forgets all writers."""
        with FileWriterCache._lock:
            writers = list(FileWriterCache._writers.values())
            FileWriterCache._writers.clear()
        for writer in writers:
            writer.close()


def _forget_in_child() -> None:
    # The parent's threads and files are not the child's, which opens files of its own.
    FileWriterCache._writers = {}
    FileWriterCache._lock = threading.Lock()


os.register_at_fork(after_in_child=_forget_in_child)
atexit.register(FileWriterCache.clear)
