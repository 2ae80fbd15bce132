"""Counts as one JSON object, for machines and for the history; its keys may grow, never shrink or change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import cast

from rehearse.model.comparison import Side, Status
from rehearse.model.counts import Cell, Counts, Kind, Located, LocatedRow, Row, Since
from rehearse.model.json import JSON

SCHEMA_VERSION = 1


def render(counts: Counts) -> str:
    """Return the JSON object as text."""
    return json.dumps(as_object(counts), indent=2, ensure_ascii=False)


def as_object(counts: Counts) -> Mapping[str, JSON]:
    """Return the comparison in the published shape."""
    return {
        "schema_version": SCHEMA_VERSION,
        "status": counts.status.value,
        "counted_at": counts.counted_at.isoformat(),
        "sides": [_side(side) for side in counts.sides],
        "rows": [_row(row) for row in counts.rows],
        "notes": list(counts.notes),
        "asked": dict(counts.asked),
        "since": None if counts.since is None else _since(counts.since),
    }


def parsed(text: str) -> Counts:
    """Return the numbers of a comparison that was rendered earlier: sides, rows and their counts, and no more.

    Raises ValueError or KeyError where the text is none.
    """
    found = json.loads(text)
    return Counts(
        counted_at=datetime.fromisoformat(found["counted_at"]),
        sides=tuple(Side(name=side["name"], place=side["place"]) for side in found["sides"]),
        rows=tuple(
            Row(
                name=row["table"],
                kind=row["kind"],
                group=row["group"],
                cells={
                    side: Cell(rows=cast("int | None", cell["rows"]), exact=bool(cell["exact"]))
                    for side, cell in row["counts"].items()
                },
                status=Status(row["status"]),
            )
            for row in found["rows"]
        ),
        asked=found["asked"],
    )


def _side(side: Side) -> JSON:
    return {
        "name": side.name,
        "place": side.place,
        "server_version": side.server_version,
        "read_at": side.read_at.isoformat() if side.read_at else None,
        "lsn": side.lsn,
        "in_recovery": side.in_recovery,
        "lag_seconds": None if side.lag is None else round(side.lag.total_seconds(), 3),
        "failure": side.failure,
    }


def _row(row: Row) -> JSON:
    return {
        "table": row.name,
        "kind": row.kind,
        "group": row.group,
        "status": row.status.value,
        "reason": row.reason,
        "differs": list(row.differs),
        "counts": {side: _cell(cell) for side, cell in row.cells.items()},
        "located": [_located(found) for found in row.located],
    }


def _cell(cell: Cell) -> JSON:
    return {
        "rows": cell.rows,
        "exact": cell.exact,
        "estimated_at": cell.estimated_at.isoformat() if cell.estimated_at else None,
        "absent": cell.absent,
        "problem": cell.problem,
        "marks": dict(cell.marks),
    }


def _located(found: Located) -> JSON:
    return {
        "first": found.first,
        "other": found.other,
        "key": list(found.key),
        "cap": found.cap,
        "complete": found.complete,
        "where": found.where,
        "problem": found.problem,
        **{kind.value: [_located_row(row) for row in found.of_kind(kind)] for kind in Kind},
    }


def _located_row(row: LocatedRow) -> JSON:
    return {
        "key": dict(row.key),
        "columns": list(row.columns),
        "copies": row.copies,
        "moment": row.moment.isoformat() if row.moment else None,
    }


def _since(since: Since) -> JSON:
    return {
        "counted_at": since.counted_at.isoformat(),
        "compared": since.compared,
        "changes": [
            {"side": change.side, "label": change.label, "before": change.before, "after": change.after}
            for change in since.changes
        ],
    }
