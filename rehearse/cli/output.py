"""Answers go to stdout, in the format asked for."""

from __future__ import annotations

import shutil
import sys
from enum import StrEnum
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rehearse.model.report import Report


class Format(StrEnum):
    TEXT = "text"
    JSON = "json"


def show(report: Report, wanted: Format) -> None:
    """Print a report; a terminal gets its own width and colours."""
    from rehearse.registry import report_format  # noqa: PLC0415 - a report knows every noun, and --help must not wait

    if wanted is Format.JSON:
        typer.echo(report_format(wanted.value).render(report))
        return
    from rehearse.reports import text  # noqa: PLC0415 - rich is slow to import, too

    typer.echo(text.render(report, width=width(), colour=sys.stdout.isatty()), nl=False)


def width(widest: int = 140) -> int:
    """Return how wide text is written: as the terminal is, up to a limit."""
    return min(shutil.get_terminal_size().columns, widest) if sys.stdout.isatty() else 100
