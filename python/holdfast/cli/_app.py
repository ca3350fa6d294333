"""The commands as one program."""

from __future__ import annotations

from typing import Annotated

import typer

from holdfast import _core
from holdfast.cli.diff import diff
from holdfast.cli.evaluate import evaluate
from holdfast.cli.export import export
from holdfast.cli.inspect import inspect
from holdfast.cli.predict import predict
from holdfast.cli.prune import prune
from holdfast.cli.report import report
from holdfast.cli.train import train
from holdfast.cli.verify import verify

_EPILOG = (
    "Exit codes: 0 done, 1 verify or inspect found damage, 2 wrong options, 3 the table, "
    "4 the checkpoint, 5 training failed, 70 a mistake of holdfast, 130 interrupted, "
    "143 terminated."
)

app = typer.Typer(
    name="holdfast",
    help="Train dense networks on tables, on the CPU, and never lose the training.",
    epilog=_EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for _command in (train, evaluate, predict, export, inspect, verify, diff, prune, report):
    app.command()(_command)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"holdfast {_core.version()} ({_core.isa()})")
        raise typer.Exit


@app.callback()
def _top(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Runs before every command."""


def main() -> None:
    """Runs the command line and ends the process."""
    app()
