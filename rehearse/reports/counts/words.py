"""What every format of counts says in the same words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from rehearse.model.comparison import Side, Status
from rehearse.model.counts import CONTENT, ROWS, Counts, Kind, Located, LocatedRow, Row, Since
from rehearse.model.quantity import duration, listing
from rehearse.reports.counts import figures

_NEXT = {
    Status.EQUAL: "Nothing to do.",
    Status.SKIPPED: "Name a second environment to compare with, or --against last.",
    Status.DIFFERENT: "",
    Status.UNKNOWN: "Close what is unknown and count again: unknown is neither equal nor different.",
}
_FEW = 12  # columns or values named in one sentence


def heading(counts: Counts) -> str:
    """Return the answer in one word."""
    return "counted" if counts.status is Status.SKIPPED else counts.status.value


def summary(counts: Counts) -> str:
    """Say the whole in a sentence, and in another one which sides failed.

    >>> from datetime import UTC, datetime
    >>> summary(Counts(counted_at=datetime.now(UTC), sides=(), rows=(), asked={}))
    'Nothing was compared.'
    """
    alone = len(counted_alone(counts))
    number = Counter(row.status for row in counts.rows)
    number[Status.SKIPPED] -= alone
    parts = [f"{alone:,} counted"] if alone else []
    parts += [
        f"{number[status]:,} {word}"
        for status, word in (
            (Status.DIFFERENT, "different"),
            (Status.UNKNOWN, "unknown"),
            (Status.EQUAL, "equal"),
            (Status.SKIPPED, "not compared"),
        )
        if number[status]
    ]
    failed = tuple(side.name for side in counts.sides if side.failure)
    told = f" {listing(failed)} could not be read to the end." if failed else ""
    if not parts:
        return f"Nothing was compared.{told}"
    return f"Of {len(counts.rows):,} {_noun(counts)}: {', '.join(parts)}.{told}"


def _noun(counts: Counts) -> str:
    kinds = Counter("group" if row.group is not None else row.kind for row in counts.rows)
    grouped, elements = kinds["group"], kinds["element"]
    tables = len(counts.rows) - grouped - elements
    named = ((tables, "table"), (grouped, "group"), (elements, "element"))
    return listing(tuple(noun if len(counts.rows) == 1 else f"{noun}s" for number, noun in named if number))


def listed(counts: Counts) -> tuple[Row, ...]:
    """Return the rows to be seen first: what differs, what is unknown, and what one side alone was counted for."""
    return (
        *counts.with_status(Status.DIFFERENT),
        *counts.with_status(Status.UNKNOWN),
        *counted_alone(counts),
    )


def counted_alone(counts: Counts) -> tuple[Row, ...]:
    """Return the rows with a number and nothing to compare it with, as only one side was named."""
    return tuple(row for row in counts.with_status(Status.SKIPPED) if _is_alone(row))


def _is_alone(row: Row) -> bool:
    numbers = [cell.rows for cell in row.cells.values()]
    return row.status is Status.SKIPPED and len(numbers) == 1 and None not in numbers


def left_out(counts: Counts) -> tuple[Row, ...]:
    """Return the rows that were not compared, on purpose."""
    return tuple(row for row in counts.with_status(Status.SKIPPED) if not _is_alone(row))


def skipped(counts: Counts) -> Iterator[str]:
    """Yield, for each reason, how many were not compared."""
    reasons = Counter(row.reason for row in left_out(counts))
    for reason, times in reasons.most_common():
        yield f"{times:,} not compared: {reason}"


def equal(counts: Counts) -> str:
    """Say how many are equal, and how many rows they have; empty if none is.

    A tolerance lets the sides hold different numbers: then no sum holds for each of them. Elements are no rows.
    """
    rows = counts.with_status(Status.EQUAL)
    if not rows:
        return ""
    held = [{cell.rows for cell in row.cells.values()} for row in rows if row.kind != "element"]
    if not held or any(len(numbers) != 1 or None in numbers for numbers in held):
        return f"{len(rows):,} equal."
    total = sum(number or 0 for numbers in held for number in numbers)
    return f"{len(rows):,} equal, {total:,} row{'' if total == 1 else 's'} on each side."


def status(row: Row) -> str:
    """Return the status of a row in one word."""
    return "counted" if _is_alone(row) else row.status.value


def told(row: Row) -> str:
    """Say what is wrong with a row, beyond its numbers."""
    if _is_alone(row):
        return ""
    parts = []
    if row.is_one_sided:
        parts.append(f"not on {listing(tuple(side for side, cell in row.cells.items() if cell.absent))}")
    columns = [name for name in row.differs if name not in (ROWS, CONTENT)]
    if columns:
        parts.append(f"differs in {listing(tuple(columns), _FEW)}")
    elif CONTENT in row.differs and ROWS not in row.differs:
        parts.append("the contents differ")
    if row.status is Status.UNKNOWN and row.differs:
        parts.append("different in any case")
    return "; ".join([*parts, *([row.reason] if row.reason else [])])


def side(found: Side) -> str:
    """Say how one side was read."""
    if found.failure is not None and found.read_at is None:
        return found.failure
    place = [found.place] if found.place != found.name else []
    version = [f"PostgreSQL {found.server_version}"] if found.server_version else []
    when = f"as of {figures.moment(found.read_at)}" if found.read_at else "as of an unknown time"
    position = f" at {found.lsn}" if found.lsn else ""
    lag = [standby(found)] if found.in_recovery else []
    failed = f"; then it failed: {found.failure}" if found.failure else ""
    return f"{', '.join([*place, *version, f'{when}{position}', *lag])}{failed}"


def letters(counts: Counts) -> Sequence[str]:
    """Return what stands for the sides' names where these are too long."""
    return tuple(chr(ord("A") + place) for place in range(len(counts.sides)))


def named_side(found: Side, head: str) -> str:
    """Say what a side is called above its numbers, and how it was read."""
    letter = "" if head == found.name else f"{head} is "
    return f"{letter}{found.name}: {side(found)}"


def standby(found: Side) -> str:
    """Say how far a standby is behind."""
    return f"a standby {duration(found.lag)} behind" if found.lag else "a standby that has all it was sent"


def located(found: Located) -> str:
    """Say how many rows were located between two sides, and where they lie."""
    if found.problem is not None:
        return f"{found.first} against {found.other}: the rows could not be located: {found.problem}"
    numbers = ", ".join(f"{len(found.of_kind(kind))} {kind.value}" for kind in Kind)
    capped = "" if found.complete else f"; there are more, --limit is {found.cap}"
    keyless = "" if found.key else " (no key: rows were matched as a whole)"
    where = f"; {found.where}" if found.where else ""
    return f"{found.first} against {found.other}: {numbers}{capped}{keyless}{where}"


def many(row: Row) -> str:
    """Say how many rows of a table were located.

    >>> many(Row(name="t", kind="table", cells={}, status=Status.DIFFERENT))
    '0 rows located'
    """
    rows = sum(len(found.rows) for found in row.located)
    more = "" if all(found.complete for found in row.located) else ", and there are more"
    return f"{rows:,} row{'' if rows == 1 else 's'} located{more}"


def located_row(row: LocatedRow) -> str:
    """Write one row that was located."""
    columns = f": {changed(row)}" if row.columns else ""
    when = f" ({figures.moment(row.moment)})" if row.moment else ""
    return f"{row.kind.value} {key(row)}{columns}{when}"


def key(row: LocatedRow) -> str:
    """Write what a row is known by, and how often it is there more than on the other side."""
    values = ", ".join(f"{name}={'NULL' if value is None else value}" for name, value in row.key.items())
    return f"{values} x {row.copies}" if row.copies > 1 else values


def changed(row: LocatedRow) -> str:
    """Name the columns whose values differ."""
    return listing(row.columns, _FEW)


def unchanged(since: Since) -> str:
    """Say how many numbers are the same then and now."""
    same = since.compared - len(since.changes)
    return "1 number is as it was." if same == 1 else f"{same:,} numbers are as they were."


def next_step(counts: Counts) -> str:
    """Say what to do now."""
    if counts.status is not Status.DIFFERENT:
        return _NEXT[counts.status]
    if not counts.asked.get("content"):
        return "See which rows differ with --locate, or whether they were in flight with --recheck 5s."
    if counts.asked.get("located_up_to") is None:
        return "See which rows differ with --locate."
    return "Look at the rows that were located; --recheck 5s tells rows in flight from real differences."
