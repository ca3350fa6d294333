"""Figures of tensors: what one holds, and how far two of them are apart.

Works through big tensors in blocks, so that float64 copies of them never exist as a whole.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

_BLOCK = 1 << 20  # elements


@dataclasses.dataclass(frozen=True, kw_only=True)
class Statistics:
    """Of a tensor's finite elements. None: it has none, or they are no real numbers.

    Attributes:
      min: The smallest.
      max: The largest.
      mean: Summed in float64.
      nonfinite: How many elements are NaN or infinite.
    """

    min: float | int | None = None
    max: float | int | None = None
    mean: float | None = None
    nonfinite: int = 0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Change:
    """How two tensors of equal type and shape differ.

    Attributes:
      elements: How many elements differ in at least one bit.
      of: How many there are.
      max_abs: The largest distance of two elements; None: they are no numbers, or a NaN or an
        infinity came or went.
      l2: The root of the sum of squared distances; None: as max_abs.
    """

    elements: int
    of: int
    max_abs: float | None
    l2: float | None


def as_numbers(array: Array, dtype: str) -> Array:
    """Returns a stored tensor as numbers: bfloat16, which NumPy lacks, comes as its 16 bits."""
    if dtype != "bfloat16":
        return array
    return (array.astype(np.uint32) << 16).view(np.float32)


def statistics(array: Array) -> Statistics:
    """Returns the figures of a tensor, a share of True for a bool's mean."""
    if array.dtype.kind not in "biuf":
        nonfinite = int((~np.isfinite(array)).sum()) if array.dtype.kind == "c" else 0
        return Statistics(nonfinite=nonfinite)
    low, high, total, count, nonfinite = None, None, 0.0, 0, 0
    for (block,) in _blocks(array):
        if array.dtype.kind == "f":
            finite = block[np.isfinite(block)]
            nonfinite += block.size - finite.size
            block = finite
        if block.size:
            least, most = block.min().item(), block.max().item()
            low = least if low is None else min(low, least)
            high = most if high is None else max(high, most)
            with np.errstate(over="ignore"):
                total += float(block.sum(dtype=np.float64))
            count += block.size
    mean = total / count if count and math.isfinite(total) else None
    return Statistics(min=low, max=high, mean=mean, nonfinite=nonfinite)


def change(old: Array, new: Array) -> Change | None:
    """Returns how much differs; None if every bit is equal: NaN equals itself, 0.0 is not -0.0."""
    if old.dtype == object:
        count = int(np.count_nonzero(old != new))
        return Change(elements=count, of=old.size, max_abs=None, l2=None) if count else None
    item = np.dtype((np.void, old.dtype.itemsize))
    wide = np.complex128 if old.dtype.kind == "c" else np.float64
    count, most, squares = 0, 0.0, 0.0
    for a, b in _blocks(old, new):
        differing = a.view(item) != b.view(item)
        found = int(np.count_nonzero(differing))
        if found == 0:
            continue
        count += found
        with np.errstate(invalid="ignore", over="ignore"):
            distance = np.abs(b[differing].astype(wide) - a[differing].astype(wide))
            most = float(np.maximum(most, distance.max()))  # NaN stays
            squares += float(np.square(distance).sum())
    if count == 0:
        return None
    known = math.isfinite(most)
    l2 = math.sqrt(squares) if known and math.isfinite(squares) else None
    return Change(elements=count, of=old.size, max_abs=most if known else None, l2=l2)


def _blocks(*arrays: Array) -> Iterator[tuple[Array, ...]]:
    flat = [np.ascontiguousarray(array).reshape(-1) for array in arrays]
    for begin in range(0, flat[0].size, _BLOCK):
        yield tuple(array[begin : begin + _BLOCK] for array in flat)
