"""What a measurement was made on, printed above every table."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import numpy as np

import holdfast
from holdfast import _core


def processor() -> str:
    """Returns the processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def facts(**more: str) -> dict[str, str]:
    """Returns the machine and the versions by name.

    Args:
      more: Further lines, such as the version of a rival.
    """
    return {
        "processor": processor(),
        "cores usable": str(len(os.sched_getaffinity(0))),
        # Above 1, other programs were running, and threads that wait by spinning suffer most.
        "load before": f"{os.getloadavg()[0]:.1f}",
        "instruction set": _core.isa(),
        "system": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        "holdfast": holdfast.__version__,
        "numpy": np.__version__,
        **more,
    }


def warning() -> str | None:
    """Returns what is wrong with measuring now: other programs run. None: nothing is known of."""
    load = os.getloadavg()[0]
    if load <= 0.5:
        return None
    return f"load {load:.1f}: other programs are running; do not quote what follows"
