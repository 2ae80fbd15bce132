"""What a snapshot would take and cost, said before a row is read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class TablePlan:
    """What is kept of one table; rows and bytes are PostgreSQL's estimates."""

    table: str
    choice: str  # "whole", "sampled", "schema only"
    reason: str
    rows: int | None  # in production; None: never analysed
    kept_rows: int | None
    kept_bytes: int | None
    read_bytes: int  # by all that is asked of the table, edge rows included
    time: timedelta  # of it


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPlan:
    """One search over a whole table, apart from the copy."""

    sentence: str  # what it looks for, and its cost
    time: timedelta
    declined: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStatement:
    """One kind of statement production is sent."""

    purpose: str
    sql: str | None = None  # None: files below sql/, or pg_dump


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotPlan:
    """A snapshot as it would be taken now."""

    source: str
    connections: int
    tables: tuple[TablePlan, ...]
    searches: tuple[SearchPlan, ...]
    statements: tuple[PlannedStatement, ...]

    def of(self, choice: str) -> tuple[TablePlan, ...]:
        return tuple(table for table in self.tables if table.choice == choice)

    @property
    def time(self) -> timedelta:
        searched = (search.time for search in self.searches if not search.declined)
        return sum((*(table.time for table in self.tables), *searched), timedelta(0))
