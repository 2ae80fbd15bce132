"""Numbers as people read them."""

from __future__ import annotations

from datetime import timedelta

_BIG = 10_000_000
_STEP = 1024


def count(rows: int) -> str:
    """Write a number of rows.

    >>> count(200_000), count(212_000_000), count(1)
    ('200,000', '212 M', '1')
    """
    return f"{rows / 1_000_000:,.0f} M" if rows >= _BIG else f"{rows:,}"


def rows(number: int) -> str:
    """Write a number of rows with its noun.

    >>> rows(1), rows(2_000)
    ('1 row', '2,000 rows')
    """
    return f"{count(number)} row{'' if number == 1 else 's'}"


def size(octets: int) -> str:
    """Write a number of bytes.

    >>> size(512), size(48 * 1024**3), size(1_500_000)
    ('512 B', '48 GB', '1.4 MB')
    """
    value, unit = float(octets), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < _STEP:
            break
        value, unit = value / _STEP, larger
    return f"{value:.1f}".removesuffix(".0") + f" {unit}"


def duration(span: timedelta) -> str:
    """Write a duration.

    >>> duration(timedelta(milliseconds=12.345)), duration(timedelta(seconds=2.5)), duration(timedelta(minutes=3))
    ('12 ms', '2.5 s', '3 min 0 s')
    """
    seconds = span.total_seconds()
    if seconds < 1:
        return f"{seconds * 1000:.1f} ms" if seconds < 0.01 else f"{seconds * 1000:.0f} ms"  # noqa: PLR2004 - below ten a decimal says something
    if seconds < 120:  # noqa: PLR2004 - two minutes is where people stop thinking in seconds
        return f"{seconds:.1f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"


def age(span: timedelta) -> str:
    """Write how old something is, in its largest unit.

    >>> age(timedelta(seconds=20)), age(timedelta(hours=5, minutes=50)), age(timedelta(days=3, hours=2))
    ('20 s', '5 h', '3 d')
    """
    seconds = int(span.total_seconds())
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def shortened(text: str, most: int = 80) -> str:
    """Write a statement on one line, without the semicolon at its end, cut where it gets long.

    >>> shortened("DELETE FROM  orders;")
    'DELETE FROM orders'
    >>> shortened("DELETE FROM orders WHERE id = 1", 20)
    'DELETE FROM or [...]'
    """
    line = " ".join(text.split()).rstrip("; ")
    return line if len(line) <= most else f"{line[: most - 6].rstrip()} [...]"


def listing(names: tuple[str, ...], most: int = 4) -> str:
    """Join names as a sentence does, cutting a long list with its count.

    >>> listing(("a",)), listing(("a", "b")), listing(("a", "b", "c", "d", "e", "f"))
    ('a', 'a and b', 'a, b, c, d and 2 more')
    """
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1] if names else "") if part)
