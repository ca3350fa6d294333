"""`resumable`: generators that can begin at any element."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any


class Resumable:
    """A generator function that takes the number of the element to begin with."""

    def __init__(self, generator: Callable[..., Iterable[Any]]) -> None:
        self._generator = generator

    def __call__(self, start: int, *args: Any) -> Iterable[Any]:
        """Returns the elements from number `start` on."""
        return self._generator(start, *args)


def resumable(generator: Callable[..., Iterable[Any]]) -> Resumable:
    """Marks a generator function for `Dataset.from_generator` as one that finds its position.

    A training that continues then asks for the elements from where it was, instead of reading and
    dropping those before. Behind `shuffle` at most the current pass is read again, since which
    elements wait in its buffer follows from those before. May be used as a decorator.

    Args:
      generator: `generator(start, *args)` yields element number `start` and those after it: for
        every `start` the same ones, and none if there are not so many.

    Raises: TypeError if it cannot be called.
    """
    if not callable(generator):
        raise TypeError(
            f"resumable: expected a function generator(start) that yields; got {generator!r}"
        )
    return Resumable(generator)
