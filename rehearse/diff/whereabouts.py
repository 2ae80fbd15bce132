"""Say where the rows that differ lie: all of them new, all at one time, or all over the table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from rehearse.model.counts import LocatedRow
from rehearse.model.quantity import duration

_RECENT = timedelta(hours=1)
_CLOSE = timedelta(days=1)


def whereabouts(rows: Sequence[LocatedRow], read_at: datetime) -> str:
    """Return a sentence about the rows' moments, as seen from the moment the side was read; empty if none has one.

    >>> from datetime import UTC
    >>> from rehearse.model.counts import Kind
    >>> noon = datetime(2026, 11, 25, 12, tzinfo=UTC)
    >>> row = LocatedRow(kind=Kind.MISSING, key={"id": "1"}, moment=noon - timedelta(minutes=3))
    >>> whereabouts([row], noon)
    'all within the last 3 min 0 s: replication lag, or rows in flight'
    """
    moments = sorted(row.moment for row in rows if row.moment is not None)
    if not moments or len(moments) < len(rows):
        return ""
    oldest, newest = moments[0], moments[-1]
    age = read_at - oldest
    if age <= _RECENT and newest <= read_at:
        return f"all within the last {duration(age)}: replication lag, or rows in flight"
    if newest - oldest <= _CLOSE:
        return f"all between {oldest:%Y-%m-%d %H:%M} and {newest:%Y-%m-%d %H:%M} UTC: look at what ran then"
    return f"spread from {oldest:%Y-%m-%d} to {newest:%Y-%m-%d}: not a matter of lag"
