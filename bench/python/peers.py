"""The client's half of a comparison: starts the server of each side, and asks it.

A server is a script of this folder run by an interpreter that has what the script needs; there is
one for each number of threads, since most libraries take that number once.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

# The script of each library, and the module that its interpreter must have.
SCRIPTS = {
    "holdfast": ("side_holdfast.py", "holdfast"),
    "torch": ("rival_torch.py", "torch"),
    "sklearn": ("rival_sklearn.py", "sklearn"),
    "tensorflow": ("rival_tensorflow.py", "tensorflow"),
    "keras": ("rival_keras.py", "tensorflow"),
    "openblas": ("rival_openblas.py", "numpy"),
    "holdfast_model": ("side_holdfast_model.py", "holdfast"),
    "onnxruntime": ("rival_onnxruntime.py", "onnxruntime"),
}


FAILED = "FAILED"  # in the text of a side that should run and does not


class AbsentError(Exception):
    """A library is not installed, or cannot do what was asked; the text says so in one line."""


class Server:
    """A process that holds sides.

    Args:
      library: A key of SCRIPTS.
      threads: Of the sides.
      python: An interpreter; None: this one.
    Raises: AbsentError if no interpreter was named and this one has no such module.
    """

    def __init__(self, library: str, threads: int, python: str | None = None) -> None:
        script, module = SCRIPTS[library]
        if python is None and importlib.util.find_spec(module) is None:
            raise AbsentError(f"{library}: not installed here (--{library} PYTHON names another)")
        self.library = library
        self.threads = threads
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - `close` does
        self._process = subprocess.Popen(
            [python or sys.executable, str(Path(__file__).parent / script), str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self.version = ""
        self.sides: list[str] = []

    def greet(self) -> None:
        """Waits until the library is loaded. Raises: AbsentError if it cannot be."""
        greeting = self._answer()
        self.version, self.sides = greeting["version"], greeting["sides"]

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._log.seek(0)
            last = (self._log.read().strip().splitlines() or ["it said nothing"])[-1]
            raise AbsentError(f"{self.library}: its process ended: {last}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def ask(self, **request: Any) -> Any:
        """Returns the result of a request. Raises: AbsentError if there is none."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # its last words are in the log, which _answer reads
        answer = self._answer()
        for key, how in (("missing", "missing"), ("error", FAILED)):
            if key in answer:
                raise AbsentError(f"{request['side']}: {how}: {answer[key]}")
        return answer["result"]

    def close(self) -> None:
        """Ends the process."""
        try:
            self._process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
        self._log.close()


class Side:
    """One way to run a workload, at one number of threads, in a server.

    Args:
      server: Where it lives.
      name: One of the server's sides.
      folder: Files of a workload, from `workloads.write`.
    Raises: AbsentError if the side cannot run it.
    """

    def __init__(self, server: Server, name: str, folder: Path) -> None:
        self.name = name
        self.threads = server.threads
        self.server = server
        server.ask(do="open", side=name, folder=str(folder), threads=server.threads)

    def call(self, method: str, *arguments: Any) -> Any:
        """Returns what a method of the side in the server returns."""
        return self.server.ask(do="call", side=self.name, method=method, args=arguments)

    def run(self, steps: int) -> float:
        """Returns the seconds of so many steps."""
        return float(self.call("run", steps))

    def close(self) -> None:
        """Lets go of its memory."""
        self.server.ask(do="close", side=self.name)


def known(text: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the names in a list with commas.

    Raises: argparse.ArgumentTypeError for a name that is none of `names`.
    """
    chosen = tuple(text.split(","))
    for name in chosen:
        if name not in names:
            raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(names)}")
    return chosen


def start(
    pythons: dict[str, str | None], threads: tuple[int, ...]
) -> tuple[list[Server], list[str]]:
    """Returns the servers that run, started side by side, and a line for each that does not.

    Args:
      pythons: The libraries wanted, each with an interpreter or None.
      threads: Numbers of threads.
    """
    started: list[Server] = []
    absent: list[str] = []
    for library, python in pythons.items():
        try:
            started += [Server(library, count, python) for count in threads]
        except (AbsentError, OSError) as error:
            absent.append(str(error))
    servers = []
    for server in started:
        try:
            server.greet()
            servers.append(server)
        except AbsentError as error:
            server.close()
            if str(error) not in absent:
                absent.append(str(error))
    return servers, absent
