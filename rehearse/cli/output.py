"""Answers go to stdout, in the format asked for."""

from __future__ import annotations

import os
import shutil
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from rehearse.errors import RehearseError, RequestError

if TYPE_CHECKING:
    from rehearse.model.report import Report

_TEXT = "text"


class NotWritten(RequestError):
    """A file that was asked for cannot be made."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} could not be written: {reason}.", "Name another file with -o.")


class Format(StrEnum):
    """Of comparisons; a report of a rehearsal has more."""

    TEXT = "text"
    JSON = "json"


def check_format(name: str) -> None:
    """Raise UnknownPlugin for a format there is not, before anything is done for it."""
    from rehearse.registry import report_format  # noqa: PLC0415 - a report knows every noun, and --help must not wait

    report_format(name)


def show(report: Report, wanted: str) -> None:
    """Print a report; a terminal gets its own width and colours."""
    from rehearse.registry import report_format  # noqa: PLC0415 - as above

    if wanted != _TEXT:
        typer.echo(report_format(wanted).render(report).removesuffix("\n"))
        return
    from rehearse.reports import text  # noqa: PLC0415 - rich is slow to import, too

    typer.echo(text.render(report, width=width(), colour=sys.stdout.isatty()), nl=False)


def write(report: Report, wanted: str, path: Path) -> None:
    """Write a report to a file: whole or not at all. Raises NotWritten."""
    from rehearse.registry import report_format  # noqa: PLC0415 - as above

    content = report_format(wanted).render(report)
    making = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        making.write_text(content if content.endswith("\n") else f"{content}\n", encoding="utf-8")
        making.replace(path)
    except OSError as error:
        making.unlink(missing_ok=True)
        raise NotWritten(path, error.strerror or str(error)) from None


def keep(report: Report, home: Path) -> None:
    """Keep a run; that it could not be kept is said, and changes no verdict: a gate will find no pass."""
    from rehearse import runs  # noqa: PLC0415 - as above

    try:
        runs.keep(report, home)
    except RehearseError as error:
        typer.echo(f"rehearse: {error}", err=True)


def width(widest: int = 140) -> int:
    """Return how wide text is written: as the terminal is, up to a limit."""
    return min(shutil.get_terminal_size().columns, widest) if sys.stdout.isatty() else 100
