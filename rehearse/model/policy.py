"""A policy: what the team accepts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from rehearse.model.timeline import WorkKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A conservative speed of one kind of work; the slower of the two bounds counts."""

    rows: int  # rows a second
    bytes: int  # bytes a second of the table in production


# Far below what hardware does (2 M rows: rewrite 6.5 s, check scan 0.27 s, text index 4.6 s, update
# 28 s on two cores): production is colder, busier, wider and more indexed than a stage. An allowance
# computed from these is compared with max_blocking and never shown as a forecast.
RATES = {
    WorkKind.REWRITE: Rate(rows=10_000, bytes=20_000_000),
    WorkKind.SCAN: Rate(rows=100_000, bytes=100_000_000),
    WorkKind.INDEX_BUILD: Rate(rows=20_000, bytes=40_000_000),
    WorkKind.ROWS: Rate(rows=5_000, bytes=20_000_000),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """A finding somebody has accepted, with a reason."""

    check: str
    object: str  # identity, or a pattern with * and ?
    reason: str
    expires: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Limits and acknowledgements the judge weighs findings against."""

    max_blocking: timedelta = timedelta(seconds=1)
    max_row_locks: timedelta = timedelta(
        seconds=30
    )  # of rows that one transaction updates, deletes or selects FOR UPDATE
    acknowledgements: tuple[Acknowledgement, ...] = ()
    rates: dict[WorkKind, Rate] = field(default_factory=lambda: dict(RATES))
