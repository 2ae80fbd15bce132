"""Answers go to stdout, in the format asked for."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from rehearse.errors import RehearseError, RequestError

if TYPE_CHECKING:
    from rehearse.model.report import Report
    from rehearse.model.signature import Key
    from rehearse.request.request import Request

_TEXT = "text"


class NotWritten(RequestError):
    """A file that was asked for cannot be made."""

    def __init__(self, path: Path, reason: str, hint: str = "Name another file with -o.") -> None:
        super().__init__(f"{path} could not be written: {reason}.", hint)


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

    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    typer.echo(text.render(report, width=width(), colour=colour), nl=False)


@contextmanager
def failures_told(wanted: str) -> Iterator[None]:
    """Let machines read that nothing could be judged, and why: in JSON a failure of ours is an answer, too."""
    try:
        yield
    except RehearseError as error:
        if wanted == Format.JSON and error.exit_code == RehearseError.exit_code:
            from rehearse.reports.json import render_failure  # noqa: PLC0415 - as above

            typer.echo(render_failure(error))
        raise


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


def keep(report: Report, wish: Request, key: Key | None) -> None:
    """Keep a run, with its pass if it is safe; that it could not be kept is said, and changes no verdict."""
    from rehearse.gate import issuing  # noqa: PLC0415 - as above

    assert wish.home is not None
    try:
        why_not = issuing.keep(report, wish.named, wish.home, key, commit=wish.commit)
    except RehearseError as error:
        why_not = str(error)
    if why_not is not None:
        typer.echo(f"rehearse: {why_not}", err=True)


def width(widest: int = 140) -> int:
    """Return how wide text is written, up to a limit: as the terminal is (COLUMNS says so, too); 100 into a pipe."""
    return min(shutil.get_terminal_size().columns, widest) if sys.stdout.isatty() else 100
