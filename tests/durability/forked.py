"""Work in a forked process that tells its parent lines: what kill and signal campaigns attack.

A fork of a process that has holdfast imported is ready in milliseconds, which a new interpreter is
not. The parent must not have made threads that the work needs.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator

Tell = Callable[[str], None]
# Of a child that raised something; distinct from 128 + any signal.
FAILED = 99


class Child:
    """A process that tells lines. Not thread-safe.

    Attributes:
      pid: Of the process.
      lines: What it has told so far.
      began: time.monotonic() of its start.
    """

    def __init__(self, pid: int, told: int) -> None:
        self.pid = pid
        self.lines: list[str] = []
        self.began = time.monotonic()
        self._from = told
        self._open = True
        self._rest = b""
        self._status: int | None = None

    def wait_for(self, start: str, seconds: float) -> bool:
        """Waits until a line with this start was told; False if the child ends or time is up."""
        return self._read_until(lambda line: line.startswith(start), seconds)

    def listen(self, seconds: float) -> None:
        """Reads lines for so long, or until the child ends."""
        self._read_until(lambda line: False, seconds)

    def send(self, number: int) -> None:
        """Sends a signal; to a child that has ended, which is not yet reaped, it does nothing."""
        os.kill(self.pid, number)

    def end(self, seconds: float) -> int:
        """Waits for the end, killing the child when time is up; returns waitpid's status."""
        if self._status is None:
            self._read_until(lambda line: False, seconds)
            if self._open:
                self.send(signal.SIGKILL)
                self._read_until(lambda line: False, seconds)
            self._status = os.waitpid(self.pid, 0)[1]
            os.close(self._from)
        return self._status

    def _read_until(self, wanted: Callable[[str], bool], seconds: float) -> bool:
        if any(wanted(line) for line in self.lines):
            return True
        deadline = time.monotonic() + seconds
        while self._open:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._from], [], [], left)[0]:
                return False
            data = os.read(self._from, 65536)
            self._open = bool(data)
            *whole, self._rest = (self._rest + data).split(b"\n")
            self.lines += [line.decode() for line in whole]
            if any(wanted(line.decode()) for line in whole):
                return True
        return False


def fork(work: Callable[[Tell], None]) -> Child:
    """Runs `work(tell)` in a forked child, with Python's own signal handlers.

    The child exits with 0, with the code of a SystemExit, or with FAILED after telling "failed: "
    and the exception.
    """
    told, to = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(told)
        _run(work, to)
    os.close(to)
    return Child(pid, told)


def start(*arguments: str) -> Child:
    """Runs a new Python interpreter, whose standard output is what it tells."""
    told, to = os.pipe()
    paths = os.pathsep.join(path for path in sys.path if path)
    pid = os.posix_spawn(
        sys.executable,
        [sys.executable, *arguments],
        {**os.environ, "PYTHONPATH": paths},
        file_actions=[(os.POSIX_SPAWN_DUP2, to, 1)],
    )
    os.close(to)
    return Child(pid, told)


def teller(to: int) -> Tell:
    """Returns a function that writes lines; a signal handler may use it within another line's."""

    def tell(text: str) -> None:
        os.write(to, text.encode() + b"\n")  # short enough to be written whole

    return tell


def _run(work: Callable[[Tell], None], to: int) -> None:
    """Runs the child's work and ends the process, whatever happens."""
    tell = teller(to)
    code = FAILED
    try:
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        logging.getLogger("holdfast").setLevel(logging.CRITICAL)
        work(tell)
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else FAILED
        tell(f"exit: {type(error).__name__}: {error}")
    except BaseException as error:
        tell(f"failed: {type(error).__name__}: {error}".replace("\n", " "))
        tell(f"trace: {traceback.format_exc()[-2000:]}".replace("\n", " | "))
    finally:
        os._exit(code)


def numbers(lines: list[str], start: str) -> list[int]:
    """Returns the numbers behind `start` in lines such as "saved 12"."""
    return [int(line[len(start) :]) for line in lines if line.startswith(start)]


@contextlib.contextmanager
def ended(child: Child) -> Iterator[Child]:
    """Ends the child at the end of the block, if it has not ended by itself."""
    try:
        yield child
    finally:
        child.end(0.0)
