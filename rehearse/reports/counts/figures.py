"""Numbers, moments and names as every format of counts writes them."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction

from rehearse.model.counts import Cell, Change, Row

_BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"  # they let a name pass for another one


def number(cell: Cell) -> str:
    """Write what one side holds: ~ is an estimate, - is no such table, ? is unknown."""
    if cell.absent:
        return "-"
    if cell.rows is None:
        return "?"
    return f"{cell.rows:,}" if cell.exact else f"~{cell.rows:,}"


def sign(cell: Cell) -> str:
    """Say what the sign of a number means; empty for a plain number."""
    if cell.absent:
        return "no such table"
    if cell.rows is None:
        return "unknown"
    return "" if cell.exact else "estimate"


def apart(row: Row) -> str:
    """Write by how much the second of two sides differs from the first; of more, how far they lie apart at the most."""
    known = [cell for cell in row.cells.values() if cell.rows is not None]
    numbers = [cell.rows or 0 for cell in known]
    if len(numbers) < 2 or len(set(numbers)) == 1:  # noqa: PLR2004 - a difference is between two
        return ""
    about = "" if all(cell.exact for cell in known) else "~"
    if len(row.cells) == 2:  # noqa: PLR2004 - of two it has a direction
        return f"{about}{numbers[1] - numbers[0]:+,}"
    return f"{about}{max(numbers) - min(numbers):,}"


def share(row: Row) -> Fraction:
    """Return how far the sides lie apart, as a share of the largest number; a side without the table holds nothing."""
    numbers = [cell.rows or 0 for cell in row.cells.values() if cell.rows is not None or cell.absent]
    most = max(numbers, default=0)
    return Fraction(most - min(numbers), most) if most else Fraction(0)


def percent(part: Fraction) -> str:
    """Write a share, never rounding it to nothing or to everything.

    >>> percent(Fraction(1, 8)), percent(Fraction(1, 10**6)), percent(Fraction(9999, 10000)), percent(Fraction(1))
    ('12.5%', '<0.1%', '>99.9%', '100%')
    """
    hundredfold = float(part * 100)
    if 0 < hundredfold < 0.1:  # noqa: PLR2004 - the last digit that is written
        return "<0.1%"
    if 99.9 < hundredfold < 100:  # noqa: PLR2004 - as above
        return ">99.9%"
    return f"{hundredfold:.1f}".removesuffix(".0") + "%"


def moment(found: datetime) -> str:
    """Write a moment; one without a zone is told as it is.

    >>> from datetime import timedelta, timezone
    >>> moment(datetime(2026, 11, 25, 12, tzinfo=timezone(timedelta(hours=2)))), moment(datetime(2026, 11, 25, 12))
    ('2026-11-25 10:00:00 UTC', '2026-11-25 12:00:00')
    """
    if found.tzinfo is None:
        return f"{found:%Y-%m-%d %H:%M:%S}"
    return f"{found.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def change(found: Change) -> str:
    """Write one number then and now."""
    before, after = then(found.before), then(found.after)
    if found.before is None or found.after is None:
        return f"{before} -> {after}"
    return f"{before} -> {after} ({found.after - found.before:+,})"


def then(rows: int | None) -> str:
    """Write a number of one moment: - is no such table."""
    return "-" if rows is None else f"{rows:,}"


def plain(text: str) -> str:
    r"""Return text in which nothing steers a terminal or hides: a name may hold any character.

    >>> plain("a\x1b[31mb\n")
    'a\\x1b[31mb\\n'
    """
    return "".join(
        repr(sign)[1:-1] if sign < " " or "\x7f" <= sign < "\xa0" or sign in _BIDI else sign for sign in text
    )
