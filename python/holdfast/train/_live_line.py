"""The live line of a run: where it is shown, and how it gets there.

On a terminal by rich, on standard error; in a notebook as a plain line that is overwritten; else,
if it is asked for, as plain lines now and then. rich is imported only when a line is shown.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from typing import Any, Literal, Protocol

from holdfast.train._progress_text import ProgressFacts, line_of

_PLAIN_SECS = 10.0  # between two lines in a file
_PLAIN_WIDTH = 100

Progress = bool | Literal["auto"]  # of RunConfig
_shown: list[Display] = []  # the one line of this process


class Display(Protocol):
    """Somewhere to show a line."""

    interval: float  # seconds between two updates

    def show(self, facts: ProgressFacts) -> None:
        """Replaces what is shown."""

    def close(self) -> None:
        """Takes the line away, or ends it."""


def open_display(progress: Progress) -> Display | None:
    """Returns where to show the progress of a run; None: nowhere.

    Args:
      progress: False: nowhere. True: wherever standard error leads. "auto": on a terminal or in a
        notebook, unless log lines are shown there, which say the same.

    One line at a time: an evaluation within a training shows none.
    """
    if progress is False or _shown:
        return None
    if progress == "auto" and logging.getLogger("holdfast").isEnabledFor(logging.INFO):
        return None
    display: Display
    if _in_notebook():
        display = _NotebookLine()
    elif sys.stderr is not None and sys.stderr.isatty():
        display = _TerminalLine()
    elif progress is True and sys.stderr is not None:
        display = _PlainLines()
    else:
        return None
    _shown.append(display)
    return display


def close_display(display: Display) -> None:
    """Takes the line away."""
    if display in _shown:
        _shown.remove(display)
        display.close()


def _in_notebook() -> bool:
    """Whether this is an IPython kernel: Jupyter, Colab and their kin."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return shell is not None and hasattr(shell, "kernel")


class _TerminalLine:
    """By rich, which keeps what is printed meanwhile above the line. Without its thread."""

    interval = 0.2

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live
        from rich.text import Text

        self._text: Callable[..., Any] = Text
        self._console = Console(stderr=True)
        # What is printed to a file or pipe meanwhile must not come to the terminal.
        to_terminal = sys.stdout is not None and sys.stdout.isatty()
        self._live = Live(
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=to_terminal,
            vertical_overflow="crop",
        )
        self._live.start()
        self._console.show_cursor(True)  # a process that is killed must not leave it hidden

    def show(self, facts: ProgressFacts) -> None:
        line = line_of(facts, max(1, self._console.width - 1))
        self._live.update(self._text(line, no_wrap=True, overflow="crop"), refresh=True)

    def close(self) -> None:
        self._live.stop()


class _NotebookLine:
    """A line of output that a carriage return overwrites, as notebooks understand it."""

    interval = 0.5

    def __init__(self) -> None:
        self._width = 0

    def show(self, facts: ProgressFacts) -> None:
        line = line_of(facts, _PLAIN_WIDTH)
        sys.stdout.write("\r" + line.ljust(self._width))
        sys.stdout.flush()
        self._width = len(line)

    def close(self) -> None:
        if self._width:
            sys.stdout.write("\n")
            sys.stdout.flush()


class _PlainLines:
    """A line every few seconds, without control characters."""

    interval = 0.5

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._written = clock()
        self._last: ProgressFacts | None = None

    def show(self, facts: ProgressFacts) -> None:
        self._last = facts
        if self._clock() >= self._written + _PLAIN_SECS:
            self._write(facts)

    def close(self) -> None:
        if self._last is not None:
            self._write(self._last)

    def _write(self, facts: ProgressFacts) -> None:
        self._written, self._last = self._clock(), None
        text = line_of(facts, _PLAIN_WIDTH).translate({ord("━"): "#", ord("─"): "."})
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
