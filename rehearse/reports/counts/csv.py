"""Counts as CSV: one line a table, two columns a side."""

from __future__ import annotations

import csv
from io import StringIO

from rehearse.model.counts import Cell, Counts


def render(counts: Counts) -> str:
    """Return a header and a line for each row (RFC 4180, with plain line feeds)."""
    paper = StringIO()
    writer = csv.writer(paper, lineterminator="\n")
    sides = [side.name for side in counts.sides]
    heads = [head for side in sides for head in (f"{side} rows", f"{side} counted")]
    writer.writerow(["table", "kind", "group", "status", "differs", *heads, "reason"])
    for row in counts.rows:
        numbers = [value for side in sides for value in (_rows(row.cells[side]), _how(row.cells[side]))]
        writer.writerow(
            [row.name, row.kind, row.group or "", row.status.value, "; ".join(row.differs), *numbers, row.reason]
        )
    return paper.getvalue().removesuffix("\n")


def _rows(cell: Cell) -> str:
    return "" if cell.rows is None else str(cell.rows)


def _how(cell: Cell) -> str:
    if cell.absent:
        return "absent"
    if cell.rows is None:
        return "unknown"
    return "exactly" if cell.exact else "estimated"
