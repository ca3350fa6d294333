"""Reading event files back."""

from __future__ import annotations

import os
from collections.abc import Iterator

from holdfast import _core
from holdfast.summary._messages import Event, from_core


def summary_iterator(path: str | os.PathLike[str]) -> Iterator[Event]:
    """Yields the events of one file in order.

    A last record that is cut short, as a killed process leaves one, ends the iteration.

    Args:
      path: An event file.

    Raises:
      errors.NotFoundError: there is no such file.
      errors.DataLossError: a record is damaged; names file, offset, and both checksums.
    Source: tf.compat.v1.train.summary_iterator.
    """
    reader = _core.EventReader(os.fspath(path))
    while (event := reader.next()) is not None:
        yield from_core(event)
