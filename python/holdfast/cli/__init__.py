"""The `holdfast` command. Each of its commands, from `train` to `diff`, is a file here.

What a command computes and what it prints are apart, so that `--json` prints the same facts.
"""

from __future__ import annotations

from holdfast.cli._app import main

__all__ = ["main"]
