"""`rehearse snapshot --classify`: what every column holds, and what would be done to it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from rehearse.cli.output import width
from rehearse.cli.progress import progress
from rehearse.errors import RequestError

if TYPE_CHECKING:
    from rehearse.model.snapshot import ColumnTreatment
    from rehearse.request.request import Request

_WIDTH_OF_A_PIPE = 200


def classify(request: Request, write: Path | None) -> None:
    """Classify the columns of a source; a table, or a block of TOML, to stdout or a new file.

    Raises Unclassified after the table where a snapshot would be refused; the block is what then helps.
    """
    from rehearse.sanitise.classify import refuse_unclassified  # noqa: PLC0415 - drivers are slow to import
    from rehearse.sanitise.proposal import block, needs_decision  # noqa: PLC0415 - as above
    from rehearse.snapshot.classifying import classify_source  # noqa: PLC0415 - as above

    assert request.source is not None
    if write is not None and write.exists():
        raise RequestError(f"{write} is there already.", "Name a new file; copy what is right into rehearse.toml.")
    with progress() as tell:
        found = classify_source(request.source, request.sanitise, tell)
    if write is None:
        _print(found)
    elif str(write) == "-":
        typer.echo(block(found), nl=False)
    else:
        write.write_text(block(found), encoding="utf-8")
    open_ = sum(map(needs_decision, found))
    masked = sum(1 for column in found if not column.is_clear)
    typer.echo(f"{len(found):,} columns, {masked:,} masked, {open_:,} need a decision.", err=True)
    if write is None and request.sanitise.unclassified == "refuse":
        refuse_unclassified(found)


def _print(found: tuple[ColumnTreatment, ...]) -> None:
    from rich.console import Console  # noqa: PLC0415 - slow to import
    from rich.table import Table  # noqa: PLC0415 - as above
    from rich.text import Text  # noqa: PLC0415 - as above

    table = Table(box=None, pad_edge=False)
    for head in ("column", "type", "meaning", "confidence", "mask", "reason"):
        table.add_column(head, overflow="fold")
    for column in found:
        also = "; ".join(text for text in column.found if text not in column.reason)
        reason = f"{column.reason} ({also})" if also else column.reason
        cells = (column.identity, column.type, column.meaning, column.confidence, column.mask, reason)
        table.add_row(*map(Text, cells))
    wide = width() if sys.stdout.isatty() else _WIDTH_OF_A_PIPE
    Console(width=wide, highlight=False, soft_wrap=False).print(table)
