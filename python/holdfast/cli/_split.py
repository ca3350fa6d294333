"""Which rows are held out from training: always the same ones, whatever the seed of training."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]


def split_rows(classes: Sequence[int], held_out: float) -> tuple[Rows, Rows]:
    """Returns (rows to train on, rows held out), each ascending.

    Of every class the same share is held out, rounded down to whole rows (a class of one row is
    trained on). Rows are chosen by a hash of their number, so that resuming training, another
    machine or another version of NumPy never moves a row from one part to the other.

    Args:
      classes: The class of each row.
      held_out: Share of the rows, 0 to below 1.
    """
    by_class: dict[int, list[int]] = {}
    for row, label in enumerate(classes):
        by_class.setdefault(label, []).append(row)
    chosen: list[int] = []
    for rows in by_class.values():
        # Adding 1e-9 makes 0.2 of 50 rows ten of them, whatever binary fractions say.
        count = int(len(rows) * held_out + 1e-9)
        chosen += sorted(rows, key=_order)[:count]
    is_held_out = np.zeros(len(classes), bool)
    is_held_out[chosen] = True
    return np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)


def _order(row: int) -> bytes:
    return hashlib.blake2b(b"%d" % row, digest_size=8).digest()
