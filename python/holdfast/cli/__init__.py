"""The `holdfast` command: train, evaluate, predict, inspect. Each command is a file here.

What a command computes and what it prints are apart, so that `--json` prints the same facts.
"""

from __future__ import annotations

from holdfast.cli._app import main

__all__ = ["main"]
