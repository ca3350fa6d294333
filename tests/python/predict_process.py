"""A C++ process that loads exports and predicts: tests/cpp/predict_process.cpp."""

from __future__ import annotations

import math
import os
import struct
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

_SIZE = struct.Struct("<Q")


class PredictProcess:
    """The process; a context manager.

    Args:
      build: The folder of the build of the C++ tests.
      isa: The instruction set that it is to use; None: the best.
    """

    def __init__(self, build: Path, isa: str | None = None) -> None:
        # Nothing of Python's environment: it needs none.
        environment = {} if isa is None else {"HOLDFAST_ISA": isa}
        if "LD_LIBRARY_PATH" in os.environ:
            environment["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
        self._process = subprocess.Popen(
            [str(build / "tests" / "cpp" / "holdfast_predict_process")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to: IO[bytes] = self._process.stdin
        self._from: IO[bytes] = self._process.stdout

    def __enter__(self) -> PredictProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self._to.close()
        self._from.close()
        assert self._process.wait(timeout=60) == 0

    @property
    def libraries(self) -> set[str]:
        """The names of the shared libraries that the process has loaded."""
        lines = Path(f"/proc/{self._process.pid}/maps").read_text().splitlines()
        return {Path(words[5]).name for line in lines if len(words := line.split()) > 5}

    def load(self, export: str | bytes | os.PathLike[str]) -> int:
        """Loads an export; returns its step."""
        self._to.write(b"load " + os.fsencode(export) + b"\n")
        return int(self._answer("step"))

    def predict(self, inputs: Mapping[str, Any], signature: str = "predict") -> dict[str, Any]:
        """Returns the outputs of a signature by name. Raises: RuntimeError of its error."""
        self._to.write(f"predict {signature} {len(inputs)}\n".encode())
        for name, values in inputs.items():
            self._write(name, np.asarray(values))
        return dict(self._read() for _ in range(int(self._answer("outputs"))))

    def _answer(self, expected: str) -> str:
        self._to.flush()
        word, _, rest = self._from.readline().decode().rstrip("\n").partition(" ")
        if word == "error":
            raise RuntimeError(rest)
        assert word == expected, f"expected an answer {expected!r}, got {word!r}: it has died"
        return rest

    def _write(self, name: str, values: Any) -> None:
        if values.dtype == object:
            dtype = "string"
            data = b"".join(_SIZE.pack(len(v)) + v for v in values.reshape(-1))
        else:
            dtype, data = values.dtype.name, np.ascontiguousarray(values).tobytes()
        numbers = " ".join(str(n) for n in (values.ndim, *values.shape, len(data)))
        self._to.write(f"{name} {dtype} {numbers}\n".encode() + data)

    def _read(self) -> tuple[str, Any]:
        name, dtype, axes, *sizes, size = self._from.readline().decode().split()
        shape = [int(n) for n in sizes]
        assert len(shape) == int(axes)
        data = self._from.read(int(size))
        if dtype != "string":
            return name, np.frombuffer(data, dtype).reshape(shape)
        values = np.empty(math.prod(shape), object)
        at = 0
        for i in range(len(values)):
            (length,) = _SIZE.unpack_from(data, at)
            values[i] = data[at + _SIZE.size : at + _SIZE.size + length]
            at += _SIZE.size + length
        return name, values.reshape(shape)
