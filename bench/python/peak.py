"""The FMA peak and the memory bandwidth of this machine, measured while the sides take turns.

bench/cpp/machine_peak.cpp measures; it is compiled here, by the compiler of the system ($CXX, or
c++), because it is no part of holdfast.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from holdfast import _core

_ROOT = Path(__file__).resolve().parents[2]


class Peak:
    """The compiled program.

    Args:
      folder: For the program.
      threads: How many cores are measured at once.
    Raises: FileNotFoundError, subprocess.CalledProcessError without a C++ compiler that works.
    """

    def __init__(self, folder: Path, threads: int) -> None:
        self._program = folder / "machine_peak"
        self._threads = threads
        subprocess.run(
            [
                os.environ.get("CXX", "c++"),
                "-std=c++17",
                "-O3",
                "-pthread",
                f"-I{_ROOT / 'cpp/include'}",
                str(_ROOT / "bench/cpp/machine_peak.cpp"),
                "-o",
                str(self._program),
            ],
            check=True,
        )

    def measure(self, bandwidth: bool = False) -> dict[str, float]:
        """Returns `flops_one` and `flops_all`, in a second; asked for, `bandwidth_one` and `_all`.

        Flops are 0 where the instruction set has no FMA ("scalar").
        """
        words = [str(self._program), _core.isa(), str(self._threads)]
        text = subprocess.run(
            words + ["bandwidth"] * bandwidth, check=True, capture_output=True, text=True
        ).stdout
        found = json.loads(text)
        return {key: float(value) for key, value in found.items() if key != "isa"}
