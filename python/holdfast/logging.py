"""The log of the library: Python's logger `holdfast`, under TensorFlow's function names.

Quiet by default: INFO lines appear after `set_verbosity(INFO)`, or once the program sets up
Python's logging for that level.
Source: tf.compat.v1.logging.
"""

from __future__ import annotations

import logging as _logging

DEBUG = _logging.DEBUG
INFO = _logging.INFO
WARN = _logging.WARNING
WARNING = _logging.WARNING
ERROR = _logging.ERROR
FATAL = _logging.FATAL

_logger = _logging.getLogger("holdfast")

debug = _logger.debug
info = _logger.info
warning = _logger.warning
warn = _logger.warning
error = _logger.error
fatal = _logger.critical
log = _logger.log


def get_logger() -> _logging.Logger:
    """Returns the logger `holdfast`."""
    return _logger


def get_verbosity() -> int:
    """Returns the level in force."""
    return _logger.getEffectiveLevel()


def set_verbosity(level: int | str) -> None:
    """Sets the level; lines go to standard error if the program has set up no logging of its own.

    Args:
      level: DEBUG, INFO, WARN, ERROR or FATAL, or such a name.
    """
    if not _logger.hasHandlers():
        handler = _logging.StreamHandler()
        handler.setFormatter(_logging.Formatter("%(levelname)s:%(name)s:%(message)s"))
        _logger.addHandler(handler)
    _logger.setLevel(level)


__all__ = [
    "DEBUG",
    "ERROR",
    "FATAL",
    "INFO",
    "WARN",
    "WARNING",
    "debug",
    "error",
    "fatal",
    "get_logger",
    "get_verbosity",
    "info",
    "log",
    "set_verbosity",
    "warn",
    "warning",
]
