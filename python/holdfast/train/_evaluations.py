"""Metrics of evaluated checkpoints, one line each: what keep_best chooses by.

An evaluation takes no lock, so it cannot write checkpoint.json; it appends a line to
`eval/metrics.jsonl` (`eval_<name>/...`) in model_dir, which whoever applies retention reads. The
file is advice, as checkpoint.json: lines that cannot be read are passed over.
"""

from __future__ import annotations

import json
import logging
import math
import os
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from holdfast import _core

_logger = logging.getLogger("holdfast")

FILE = "metrics.jsonl"
_MOST_BYTES = 4 << 20  # read at most, from the end: some 10,000 evaluations

# Commit number and time of saving: a directory that is started over counts from 1 again.
CheckpointKey = tuple[int, int]


def key_of(info: _core.CheckpointInfo) -> CheckpointKey:
    """Returns what tells a checkpoint from every other one that model_dir had or will have."""
    return info.commit_seq, info.created_unix_ms


def record(eval_dir: str, info: _core.CheckpointInfo, results: Mapping[str, Any]) -> None:
    """Appends one line. That it cannot be written is a warning: the evaluation is worth more.

    Args:
      eval_dir: Where results of this name of evaluation belong; made if missing.
      info: The checkpoint that was evaluated.
      results: Metrics by name; those that are no single number are left out.
    """
    line = json.dumps(
        {
            "step": info.step,
            "commit_seq": info.commit_seq,
            "created_unix_ms": info.created_unix_ms,
            "metrics": {name: _number(v) for name, v in results.items() if np.ndim(v) == 0},
        }
    )
    path = os.path.join(eval_dir, FILE)
    try:
        os.makedirs(eval_dir, exist_ok=True)
        # One write of an unbuffered appender, so that two evaluations do not mix. The newline in
        # front ends a line that a full disk has cut.
        with open(path, "ab", buffering=0) as file:
            file.write(f"\n{line}\n".encode())
    except OSError as error:
        _logger.warning(
            "Could not note the evaluation of %s, which keep_best will not know of: %s",
            info.path,
            error,
        )


def values(model_dir: str, metric: str) -> dict[CheckpointKey, float]:
    """Returns a metric by checkpoint; of several evaluations of one checkpoint the last.

    Args:
      model_dir: Where the checkpoints are.
      metric: Its name; `<name>/<metric>` where evaluate was given a name.
    """
    places = [(os.path.join(model_dir, "eval"), metric)]
    for i, letter in enumerate(metric):
        if letter == "/":
            places.append((os.path.join(model_dir, f"eval_{metric[:i]}"), metric[i + 1 :]))
    found: dict[CheckpointKey, float] = {}
    for directory, name in places:
        for line in _lines(os.path.join(directory, FILE)):
            try:
                document = json.loads(line)
                key = (int(document["commit_seq"]), int(document["created_unix_ms"]))
                found[key] = float(document["metrics"][name])
            except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
                continue
    return found


def _lines(path: str) -> Iterator[bytes]:
    try:
        with open(path, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _MOST_BYTES))
            yield from file.read(_MOST_BYTES).splitlines()
    except FileNotFoundError:
        return
    except OSError as error:
        _logger.warning("Could not read the evaluations in %s: %s", path, error)


def _number(value: Any) -> float | int | str:
    number = np.asarray(value)[()]
    if number.dtype.kind in "iub":
        return int(number)
    if number.dtype.kind != "f":
        return str(number)
    # JSON has no NaN and no infinity; float() reads their names.
    return float(number) if math.isfinite(number) else str(float(number))
