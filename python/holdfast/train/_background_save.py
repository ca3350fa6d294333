"""BackgroundSave: one save at a time on a thread of its own, whose outcome cannot be lost.

The thread is no daemon: an interpreter that exits normally waits for it. It does not exist in a
forked child, which therefore has nothing to wait for.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Generic, NoReturn, TypeVar

_T = TypeVar("_T")
_POLL_SECS = 0.05  # between two calls of `poll` while waiting


class BackgroundSave(Generic[_T]):
    """Runs one call at a time. Its methods are for the thread that made it."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._process = os.getpid()
        self._outcome: Callable[[], _T] | None = None
        self._lock = threading.Lock()  # of _running and _afterwards
        self._running = False
        self._afterwards: Callable[[], None] | None = None

    @property
    def pending(self) -> bool:
        """Whether a call was started whose outcome is not taken yet."""
        return self._thread is not None and os.getpid() == self._process

    @property
    def finished(self) -> bool:
        """Whether there is an outcome to take."""
        return self.pending and self._thread is not None and not self._thread.is_alive()

    def start(self, call: Callable[[], _T]) -> None:
        """Begins a call. Requires: none is pending."""
        assert not self.pending
        self._outcome = None
        self._running = True
        self._process = os.getpid()
        self._thread = threading.Thread(
            target=self._run, args=(call,), name="holdfast-save", daemon=False
        )
        try:
            self._thread.start()
        except RuntimeError:  # no more threads are to be had: done here and now
            self._run(call)

    def wait(self, poll: Callable[[], None]) -> None:
        """Returns once nothing is running; calls `poll` meanwhile, whose exceptions pass."""
        while self.pending and not self.finished:
            assert self._thread is not None
            self._thread.join(_POLL_SECS)
            poll()

    def take(self) -> _T:
        """Returns what the call returned, or raises what it raised. Requires: it is finished."""
        outcome = self._outcome
        assert outcome is not None
        self._thread, self._outcome = None, None
        return outcome()

    def when_idle(self, call: Callable[[], None]) -> None:
        """Calls at once if nothing is running, else at the end of what runs, on its thread."""
        if os.getpid() == self._process:
            with self._lock:
                if self._running:
                    self._afterwards = call
                    return
        call()

    def _run(self, call: Callable[[], _T]) -> None:
        try:
            result = call()
        except BaseException as error:  # raised again by take()
            self._outcome = _Raiser(error)
        else:
            self._outcome = lambda: result
        with self._lock:
            self._running = False
            afterwards = self._afterwards
        if afterwards is not None:
            afterwards()


class _Raiser:
    def __init__(self, error: BaseException) -> None:
        self._error = error

    def __call__(self) -> NoReturn:
        raise self._error
