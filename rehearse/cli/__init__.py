"""The command line: every module of this folder with a `command` function is a command, with `commands` a group."""

from __future__ import annotations

import importlib
import logging
import os
import pkgutil
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from functools import wraps
from types import ModuleType
from typing import NoReturn

import typer

from rehearse import __version__
from rehearse.cli import interrupts, streams
from rehearse.errors import Interrupted, RehearseError

_TYPER_INTERRUPTED = 130  # what typer leaves with on Ctrl-C


def main() -> None:
    """Run the tool and leave with an exit code that never mistakes a failure of ours for a verdict."""
    streams.settle()
    interrupts.insist()
    logging.getLogger("psycopg").setLevel(logging.ERROR)  # it warns of connections that an interrupt cut off
    try:
        application(_called(sys.argv[1:]))()
    except KeyboardInterrupt:  # before typer took over
        _leave(Interrupted())
    except SystemExit as leaving:
        if leaving.code == _TYPER_INTERRUPTED:  # before a command had begun
            _leave(Interrupted())
        raise
    except RehearseError as error:
        _leave(error)
    except Exception as error:  # noqa: BLE001 - the last line of defence: Python's own exit code 1 would read as "unsafe"
        if interrupts.caused(error):
            _leave(Interrupted())
        if (no_space := streams.full(error)) is not None:
            _leave(no_space)
        traceback.print_exc()
        typer.echo("This is a bug in rehearse; please report it with the lines above.", err=True)
        sys.exit(RehearseError.exit_code)


def _leave(error: RehearseError) -> NoReturn:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not change the exit code any more
    typer.echo(f"rehearse: {error}", err=True)
    if isinstance(error, Interrupted):
        # An interrupt inside exec(), where dataclasses are made, lets CPython end as if nobody had handled it
        # (run_eval_code_obj in pythonrun.c sets a flag that Py_RunMain reads); everything owned is put away by now.
        sys.stdout.flush()
        os._exit(error.exit_code)
    sys.exit(error.exit_code)


def _called(words: Sequence[str]) -> str | None:
    """Return the module of the command that is called; None where the others are needed to say what is wrong.

    Whatever is registered is prepared for parsing, which takes longer than a short command.
    """
    names = {found.name.replace("_", "-"): found.name for found in pkgutil.iter_modules(__path__)}
    return names.get(words[0]) if words else None


def application(only: str | None = None) -> typer.Typer:
    """Return the application with its commands, found in this folder: all, or the one module that is named."""
    app = typer.Typer(
        name="rehearse",
        help="Know what your pending migrations will do to production, before they do it.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    for found in pkgutil.iter_modules(__path__):
        if only not in (None, found.name):
            continue
        module = importlib.import_module(f"{__name__}.{found.name}")
        if hasattr(module, "command"):
            app.command(name=found.name.replace("_", "-"))(_interruptible(module.command))
        if hasattr(module, "commands"):
            app.add_typer(_group(module), name=found.name.replace("_", "-"))
    app.callback(invoke_without_command=True)(_version)
    return app


def _group(module: ModuleType) -> typer.Typer:
    """Return the commands of a module that has several."""
    group = typer.Typer(help=module.HELP, no_args_is_help=True, rich_markup_mode=None)
    for name, command in module.commands.items():
        group.command(name=name)(_interruptible(command))
    return group


def _version(
    *, version: bool = typer.Option(False, "--version", help="Print the version and stop.", is_eager=True)
) -> None:
    if version:
        typer.echo(f"rehearse {__version__}")
        raise typer.Exit


def _interruptible(command: Callable[..., None]) -> Callable[..., None]:
    """Let Ctrl-C leave as our own sentence; typer would leave with exit code 1, which means unsafe."""

    @wraps(command)
    def run(*args: object, **kwargs: object) -> None:
        try:
            command(*args, **kwargs)
        except KeyboardInterrupt:
            raise Interrupted from None

    return run
