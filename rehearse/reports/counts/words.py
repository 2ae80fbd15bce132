"""What every format of counts says in the same words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rehearse.model.comparison import Side, Status
from rehearse.model.counts import CONTENT, ROWS, Cell, Change, Counts, Kind, Located, LocatedRow, Row
from rehearse.model.quantity import duration, listing

_NEXT = {
    Status.EQUAL: "Nothing to do.",
    Status.SKIPPED: "Name a second environment to compare with, or --against last.",
    Status.DIFFERENT: "",
    Status.UNKNOWN: "Close what is unknown and count again: unknown is neither equal nor different.",
}


def summary(counts: Counts) -> str:
    """Say the whole in one sentence.

    >>> from datetime import UTC, datetime
    >>> summary(Counts(counted_at=datetime.now(UTC), sides=(), rows=(), asked={}))
    'Nothing was compared.'
    """
    number = Counter(row.status for row in counts.rows)
    parts = [
        f"{number[status]:,} {word}"
        for status, word in (
            (Status.DIFFERENT, "different"),
            (Status.UNKNOWN, "unknown"),
            (Status.EQUAL, "equal"),
            (Status.SKIPPED, "not compared"),
        )
        if number[status]
    ]
    if not parts:
        return "Nothing was compared."
    return f"Of {len(counts.rows):,} {_noun(counts)}: {', '.join(parts)}."


def _noun(counts: Counts) -> str:
    if any(row.group is not None for row in counts.rows):
        return "groups"
    return "table" if len(counts.rows) == 1 else "tables"


def number(cell: Cell) -> str:
    """Write what one side holds: ~ is an estimate, - is no such table, ? is unknown."""
    if cell.absent:
        return "-"
    if cell.rows is None:
        return "?"
    return f"{cell.rows:,}" if cell.exact else f"~{cell.rows:,}"


def apart(row: Row) -> str:
    """Write by how much the second of two sides differs from the first."""
    cells = list(row.cells.values())
    if len(cells) != 2 or any(cell.rows is None for cell in cells):  # noqa: PLR2004 - a difference is between two
        return ""
    difference = (cells[1].rows or 0) - (cells[0].rows or 0)
    return f"{difference:+,}" if difference else ""


def told(row: Row) -> str:
    """Say what is wrong with a row, beyond its numbers."""
    parts = []
    if row.is_one_sided:
        parts.append(f"not on {listing(tuple(side for side, cell in row.cells.items() if cell.absent))}")
    columns = [name for name in row.differs if name not in (ROWS, CONTENT)]
    if columns:
        parts.append(f"{listing(tuple(columns))} differ{'s' if len(columns) == 1 else ''}")
    elif CONTENT in row.differs and ROWS not in row.differs:
        parts.append("the contents differ")
    if row.status is Status.UNKNOWN and row.differs:
        parts.append("different in any case")
    return "; ".join([*parts, *([row.reason] if row.reason else [])])


def side(found: Side) -> str:
    """Say how one side was read."""
    if found.failure is not None and found.read_at is None:
        return found.failure
    standby = ""
    if found.in_recovery:
        standby = f", a standby {duration(found.lag)} behind" if found.lag else ", a standby that has all it was sent"
    when = f"{found.read_at:%Y-%m-%d %H:%M:%S} UTC" if found.read_at else "at an unknown time"
    place = f" at {found.lsn}" if found.lsn else ""
    failed = f"; then it failed: {found.failure}" if found.failure else ""
    return f"{found.place}, PostgreSQL {found.server_version}, as of {when}{place}{standby}{failed}"


def located(found: Located) -> str:
    """Say how many rows were located between two sides, and where they lie."""
    if found.problem is not None:
        return f"{found.first} against {found.other}: the rows could not be located: {found.problem}"
    numbers = ", ".join(f"{len(found.of_kind(kind))} {kind.value}" for kind in Kind)
    capped = "" if found.complete else f"; there are more, --limit is {found.cap}"
    keyless = "" if found.key else " (no key: rows were matched as a whole)"
    where = f"; {found.where}" if found.where else ""
    return f"{found.first} against {found.other}: {numbers}{capped}{keyless}{where}"


def located_row(row: LocatedRow) -> str:
    """Write one row that was located."""
    key = ", ".join(f"{name}={'NULL' if value is None else value}" for name, value in row.key.items())
    copies = f" x {row.copies}" if row.copies > 1 else ""
    columns = f": {listing(row.columns, 8)}" if row.columns else ""
    moment = f" ({row.moment:%Y-%m-%d %H:%M:%S})" if row.moment else ""
    return f"{row.kind.value} {key}{copies}{columns}{moment}"


def change(found: Change) -> str:
    """Write one number then and now."""
    before = "-" if found.before is None else f"{found.before:,}"
    after = "-" if found.after is None else f"{found.after:,}"
    if found.before is None or found.after is None:
        return f"{before} -> {after}"
    return f"{before} -> {after} ({found.after - found.before:+,})"


def next_step(counts: Counts) -> str:
    """Say what to do now."""
    if counts.status is not Status.DIFFERENT:
        return _NEXT[counts.status]
    if not counts.asked.get("content"):
        return "See which rows differ with --locate, or whether they were in flight with --recheck 5s."
    if counts.asked.get("located_up_to") is None:
        return "See which rows differ with --locate."
    return "Look at the rows named above; --recheck 5s tells rows in flight from real differences."


def skipped(counts: Counts) -> Iterator[str]:
    """Yield, for each reason, how many were not compared."""
    reasons = Counter(row.reason for row in counts.with_status(Status.SKIPPED))
    for reason, times in reasons.most_common():
        yield f"{times:,} not compared: {reason}"
