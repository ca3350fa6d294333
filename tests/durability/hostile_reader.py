"""Opens checkpoints through the Python library, each in its own process: a helper of hostile.py.

Reads lines of JSON, [DIR, FILE, BYTES] or [DIR, null, null]; does what `holdfast_durability open`
does; prints the same line of JSON for each.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import traceback
from pathlib import Path
from typing import Any

import numpy as np  # noqa: F401 - imported here so that no child is measured importing it

from holdfast import _core, errors


def look(path: str, cut: str | None, size: int | None) -> dict[str, Any]:
    """Opens and reads everything, with the file cut between the two."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    kind, code, text = "", 0, ""
    try:
        reader = _core.CheckpointReader(path)
        if cut is not None and size is not None:
            os.truncate(Path(path) / cut, size)
        reader.verify()
        reader.read_all()
    except errors.HoldfastError as error:
        kind, code, text = type(error).__name__, error.error_code, str(error)
    except Exception:
        kind, text = "untyped", traceback.format_exc()
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {
        "kind": kind,
        "code": code,
        "text": text,
        "cpu_ms": 1e3 * cpu,
        "extra_kib": after.ru_maxrss - before.ru_maxrss,
    }


def main() -> None:
    """One forked child for each line: its memory and its processor time are its own."""
    for line in sys.stdin:
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            print(json.dumps(look(*json.loads(line))), flush=True)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status != 0:
            print(
                json.dumps(
                    {"kind": "crash", "code": status, "text": "", "cpu_ms": 0, "extra_kib": 0}
                )
            )


if __name__ == "__main__":
    main()
