"""Names of data files as programs give them."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable
from typing import Any


def file_names(filenames: Any, caller: str) -> list[bytes]:
    """Returns one name or several as bytes.

    Raises: TypeError for what is no name; ValueError for an empty list.
    """
    if isinstance(filenames, (str, bytes, os.PathLike)):
        return [os.fsencode(filenames)]
    if hasattr(filenames, "tolist"):  # arrays, and constants of them
        filenames = filenames.tolist()
        if isinstance(filenames, (str, bytes)):
            return [os.fsencode(filenames)]
    names = list(filenames) if isinstance(filenames, Iterable) else [filenames]
    if not names:
        raise ValueError(f"{caller}: expected at least one file name; got none")
    for name in names:
        if not isinstance(name, (str, bytes, os.PathLike)):
            raise TypeError(f"{caller}: expected file names; got {name!r} among them")
    return [os.fsencode(name) for name in names]


def matching_files(patterns: Any, caller: str) -> list[bytes]:
    """Returns the names that match patterns of the shell, in the order of their bytes, each once.

    Raises: ValueError if nothing matches.
    """
    found = {name for pattern in file_names(patterns, caller) for name in glob.glob(pattern)}
    if not found:
        shown = [os.fsdecode(pattern) for pattern in file_names(patterns, caller)]
        raise ValueError(
            f"{caller}: No files match `file_pattern` {shown}. Relative names start in "
            f"{os.getcwd()!r}"
        )
    return sorted(found)


def refuse_compression(compression_type: Any, caller: str) -> None:
    """Raises: ValueError for compressed files, which are not read."""
    if compression_type:
        raise ValueError(
            f"{caller}: compression_type: expected None or ''; got {compression_type!r}. "
            "Decompress the files first"
        )
