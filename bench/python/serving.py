"""The server's half of a comparison: a side runs in a process of its own.

Often that is an interpreter of another environment, so this module needs numpy alone.

Each request is a line of JSON on standard input, each answer one on standard output; what a library
prints goes to standard error. A script of a side ends with `serve({...}, version)`.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import workloads


class MissingError(Exception):
    """A side cannot run a workload here; the text says why."""


def serve(sides: dict[str, Callable[..., Any]], version: str) -> None:
    """Answers until the input ends.

    Requests: `open` (side, folder, threads) makes a side from the files of `workloads.write`;
    `call` (side, method, args) calls one of its methods; `close` (side) lets go of it.

    Args:
      sides: By name, what makes a side of (workload, rows, weights, threads).
      version: Of the library, in the greeting.
    """
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(value: dict[str, Any]) -> None:
        answers.write(json.dumps(value) + "\n")
        answers.flush()

    answer({"sides": list(sides), "version": version})
    made: dict[str, Any] = {}
    for line in sys.stdin:
        request = json.loads(line)
        side = request["side"]
        try:
            if request["do"] == "open":
                made[side] = sides[side](
                    *workloads.read(Path(request["folder"])), request["threads"]
                )
                answer({"result": None})
            elif request["do"] == "call":
                answer({"result": getattr(made[side], request["method"])(*request["args"])})
            elif request["do"] == "close":
                close = getattr(made.pop(side, None), "close", lambda: None)
                close()
                answer({"result": None})
        except MissingError as missing:
            answer({"missing": str(missing)})
        except Exception as error:  # told to the program that asked, which goes on with others
            traceback.print_exc()
            first = (str(error).strip().splitlines() or [""])[0]
            answer({"error": f"{type(error).__name__}: {first}"[:300]})


class Turnstile:
    """Lets one long training take so many steps at a time.

    The training runs in a thread of its own. It calls `next_turn` before its first step and after
    the last step of each turn, and stands still in there until another turn is asked for.
    """

    def __init__(self, train: Callable[[], None]) -> None:
        self._turns: queue.Queue[int] = queue.Queue()
        self._done: queue.Queue[float | BaseException] = queue.Queue()
        self._train = train
        self._thread = threading.Thread(target=self._body, daemon=True)
        self._started: float | None = None

    def _body(self) -> None:
        try:
            self._train()
        except BaseException as error:  # raised where the turn was asked for
            self._done.put(error)

    def run(self, steps: int) -> float:
        """Returns the seconds of so many steps."""
        if self._thread.ident is None:
            self._thread.start()
        self._turns.put(steps)
        seconds = self._done.get()
        if isinstance(seconds, BaseException):
            raise seconds
        return seconds

    def close(self) -> None:
        """Ends the training."""
        if self._thread.ident is not None:
            self._turns.put(0)
            self._thread.join()

    def next_turn(self) -> int:
        """Ends the turn that is on, if any, and waits for the next: its steps; 0 ends training."""
        if self._started is not None:
            self._done.put(time.perf_counter() - self._started)
        steps = self._turns.get()
        self._started = time.perf_counter()
        return steps
