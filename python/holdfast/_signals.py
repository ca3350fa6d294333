"""Signals during training: noted when they come, acted on between two steps.

The handler of a `Guard` only takes note. Whoever runs steps calls `check`, which unwinds to the
call of train; it then ends as at any other end, with a save. Where Python code that is not ours
may wait for long (a generator, an input function), the handler itself unwinds, and only there:
see `waiting` and `pulled`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from types import FrameType
from typing import Any, TypeVar

from holdfast import errors

_T = TypeVar("_T")
_Handler = Callable[[int, "FrameType | None"], Any]

# The kernel does not let these be handled, or they tell of a broken process that must not go on.
_NOT_TO_BE_HANDLED = frozenset(
    {"SIGKILL", "SIGSTOP", "SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGABRT", "SIGTRAP", "SIGSYS"}
)


class Interruption(BaseException):
    """Unwinds to the call of train that a signal has come for; never leaves it.

    A BaseException, so that `except Exception` in an input function does not hold it up.
    """


class Guard:
    """The signals of one call of train, in the thread and process that made it.

    Args:
      signals: Handled until `close`, unless they are ignored or a C library handles them.

    Attributes:
      received: The first signal that came; None: none so far.
      count: How many came.
      handler_error: What a handler of the user's raised; it does not hold up the save.
    """

    def __init__(self, signals: Iterable[signal.Signals]) -> None:
        self.received: signal.Signals | None = None
        self.count = 0
        self.handler_error: BaseException | None = None
        self._process = os.getpid()
        self._thread = threading.get_ident()
        self._interrupts = 0
        self._waits = 0
        self._previous: dict[int, Any] = {}
        for number in signals:
            previous = signal.getsignal(number)
            if previous not in (None, signal.SIG_IGN):
                self._previous[number] = previous
                signal.signal(number, self._handle)

    def close(self) -> None:
        """Gives the signals back to whom they belonged, unless somebody has taken them since."""
        for number, previous in self._previous.items():
            if signal.getsignal(number) == self._handle:
                signal.signal(number, previous)

    @property
    def is_here(self) -> bool:
        """Whether this is the guard's thread, and not that of a forked child."""
        return self._thread == threading.get_ident() and self._process == os.getpid()

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """A stretch that a signal ends at once, by raising Interruption in it."""
        before = self._waits
        self._waits = before + 1
        try:
            self.check()
            yield
        finally:
            self._waits = before

    def check(self) -> None:
        """Raises Interruption if a signal has come."""
        if self.received is not None:
            raise Interruption

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() != self._process:
            # A forked child, of a pool of workers for instance, must end when it is told to.
            signal.signal(number, self._previous[number])
            signal.raise_signal(number)
            return
        self.received = self.received or signal.Signals(number)
        self.count += 1
        self._call_previous(self._previous[number], number, frame)
        self._interrupts += number == signal.SIGINT
        if self._interrupts > 1:
            raise KeyboardInterrupt
        if self._waits > 0:
            raise Interruption

    def _call_previous(self, previous: Any, number: int, frame: FrameType | None) -> None:
        if previous in (signal.SIG_DFL, signal.default_int_handler):
            return
        try:
            previous(number, frame)
        except BaseException as error:  # sys.exit() is usual in a handler, and must wait as well
            self.handler_error = error


_current: Guard | None = None


@contextlib.contextmanager
def guard(names: Iterable[str | int]) -> Iterator[Guard]:
    """Handles signals during a call of train. Within another such call, that one's guard serves.

    Args:
      names: As in RunConfig.save_on_signals.
    """
    global _current
    outer = _current
    if outer is not None and outer.is_here:
        yield outer
        return
    # Python calls handlers in the main thread only, and only there may they be set.
    here = threading.current_thread() is threading.main_thread()
    inner = Guard(as_signals(names) if here else ())
    _current = inner
    try:
        yield inner
    finally:
        _current = outer
        inner.close()


def _active() -> Guard | None:
    found = _current
    return found if found is not None and found.is_here else None


def pending() -> bool:
    """Returns whether the training of this thread is to end because of a signal."""
    found = _active()
    return found is not None and found.received is not None


def check() -> None:
    """Raises Interruption if the training of this thread is to end because of a signal."""
    found = _active()
    if found is not None:
        found.check()


def waiting() -> contextlib.AbstractContextManager[None]:
    """Returns a stretch that a signal ends at once, if training runs in this thread."""
    found = _active()
    return contextlib.nullcontext() if found is None else found.waiting()


def pulled(make: Callable[[], Iterable[_T]]) -> Iterator[_T]:
    """Iterates over what `make` returns; a signal ends the wait for an element."""
    with waiting():
        elements = iter(make())
    end = object()
    while True:
        if _active() is None:
            element = next(elements, end)
        else:
            with waiting():
                element = next(elements, end)
        if element is end:
            return
        yield element  # type: ignore[misc]  # not `end`, which is no element


def told(call: Callable[..., _T], *args: Any) -> _T | None:
    """Calls a hook or listener. It may evaluate; a signal ends its call, and the run by `check`."""
    try:
        return call(*args)
    except (Interruption, errors.TrainingInterrupted):
        if not pending():
            raise
        return None


def as_signals(names: Iterable[str | int]) -> tuple[signal.Signals, ...]:
    """Returns signals by name or number, each once.

    Raises: ValueError, TypeError: a string, or something that is no signal a program may handle.
    """
    if isinstance(names, str):
        raise TypeError(f"expected a tuple of signals, got {names!r}")
    found = [
        signal.Signals[name] if isinstance(name, str) else signal.Signals(name) for name in names
    ]
    for each in found:
        if each.name in _NOT_TO_BE_HANDLED:
            raise ValueError(f"{each.name} cannot be handled")
    return tuple(dict.fromkeys(found))
