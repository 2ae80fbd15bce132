"""Answers go to stdout, in the format asked for."""

from __future__ import annotations

import shutil
import sys
from enum import StrEnum

import typer

from rehearse.model.report import Report
from rehearse.registry import report_format


class Format(StrEnum):
    TEXT = "text"
    JSON = "json"


def show(report: Report, wanted: Format) -> None:
    """Print a report; a terminal gets its own width and colours."""
    if wanted is Format.JSON:
        typer.echo(report_format(wanted.value).render(report))
        return
    from rehearse.reports import text  # noqa: PLC0415 - rich is slow to import, and --help must not wait

    terminal = sys.stdout.isatty()
    width = min(shutil.get_terminal_size().columns, 140) if terminal else 100
    typer.echo(text.render(report, width=width, colour=terminal), nl=False)
