"""Options that several commands share, and the guard around every command."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from holdfast.cli._failures import report

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
ModelDir = Annotated[
    Path, typer.Option("--model-dir", help="Directory of the checkpoints.", show_default=False)
]
Data = Annotated[
    str | None,
    typer.Argument(metavar="[DATA.csv]", help="A table with a header line; Iris if none is named."),
]
CheckpointPath = Annotated[
    Path | None, typer.Option("--checkpoint", help="Use this checkpoint, not the newest.")
]


def guarded(command: Callable[..., None]) -> Callable[..., None]:
    """Wraps a command so that an error ends it with a sentence and a documented exit code."""

    @functools.wraps(command)
    def run(*args: Any, as_json: bool, debug: bool, **kwargs: Any) -> None:
        try:
            command(*args, as_json=as_json, debug=debug, **kwargs)
        except (typer.Exit, typer.Abort, BrokenPipeError):
            raise
        except (Exception, KeyboardInterrupt) as error:
            if debug:
                raise
            raise typer.Exit(report(error, as_json=as_json)) from None

    return run
