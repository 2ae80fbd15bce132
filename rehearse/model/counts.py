"""Counts of several environments beside one another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from fractions import Fraction

from rehearse.model.comparison import Side, Status, worst
from rehearse.model.json import JSON

ROWS = "rows"  # the name of the number itself among the things that can differ
CONTENT = "content"  # the mark of a table's checksum over every row


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """How far two counts may lie apart and still pass as equal: a number of rows, or a share of the larger count."""

    rows: int = 0
    share: Fraction = Fraction(0)

    def __str__(self) -> str:
        return f"{float(self.share * 100):.4g}%" if self.share else str(self.rows)

    def admits(self, least: int, most: int) -> bool:
        return most - least <= max(Fraction(self.rows), self.share * most)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What one side holds of one row of the comparison."""

    rows: int | None = None
    exact: bool = True  # counted in the side's snapshot, as opposed to pg_class.reltuples
    estimated_at: datetime | None = None  # when the estimate was made, where the server remembers
    absent: bool = False  # the side has no such table
    problem: str | None = None  # why nothing could be said
    marks: Mapping[str, str] = field(default_factory=dict)  # what was compared beyond the number, by name


class Kind(Enum):
    """What became of a row that is not the same on both sides, seen from the first of them."""

    MISSING = "missing"  # the first side has it, the other has not
    EXTRA = "extra"  # only the other has it
    CHANGED = "changed"  # both have its key, the values differ


@dataclass(frozen=True, slots=True, kw_only=True)
class LocatedRow:
    """One row that two sides do not share."""

    kind: Kind
    key: Mapping[str, str | None]  # by column, masked by the policy; without a key every column
    columns: tuple[str, ...] = ()  # of a changed row: the columns whose values differ
    copies: int = 1  # of a table without a key: how many times more often the side holds the row
    moment: datetime | None = None  # what its time column says on the side that has it


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """The rows that differ between two sides of one table."""

    first: str
    other: str
    key: tuple[str, ...]  # its columns; empty: the table has no key, and rows were matched as a whole
    rows: tuple[LocatedRow, ...]
    cap: int  # how many rows are located at the most
    complete: bool  # False: there are more, the cap was reached
    where: str  # a sentence: where they lie
    problem: str | None = None  # why the rows could not be located

    def of_kind(self, kind: Kind) -> tuple[LocatedRow, ...]:
        return tuple(row for row in self.rows if row.kind is kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One table, view, element or group of rows, on every side."""

    name: str  # quoted identity, or the name of an element
    kind: str  # "table", "partitioned table", "view", "materialised view", "foreign table", "element"
    group: str | None = None  # with --by: the value the rows share
    cells: Mapping[str, Cell]  # by side
    status: Status
    reason: str = ""  # why it is unknown or skipped, or what makes it equal in spite of different numbers
    differs: tuple[str, ...] = ()  # what is established to differ: "rows", "content", "email: NULLs"
    located: tuple[Located, ...] = ()

    @property
    def label(self) -> str:
        return self.name if self.group is None else f"{self.name} [{self.group}]"

    @property
    def is_one_sided(self) -> bool:
        """Say whether some side has no such table."""
        return any(cell.absent for cell in self.cells.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One number of one side, then and now."""

    side: str
    label: str
    before: int | None  # None: it was not there
    after: int | None  # None: it is gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """What changed since an earlier count."""

    counted_at: datetime
    changes: tuple[Change, ...]
    compared: int  # numbers known then and now


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The whole comparison."""

    counted_at: datetime
    sides: tuple[Side, ...]
    rows: tuple[Row, ...]
    asked: Mapping[str, JSON]  # what was asked for, as it limits what the answer means
    notes: tuple[str, ...] = ()
    since: Since | None = None

    @property
    def status(self) -> Status:
        """Return the answer to it all: a side that failed leaves it unknown, and so does comparing nothing.

        One side alone is compared with its own earlier count, if one was named.
        """
        if any(side.failure for side in self.sides):
            return Status.UNKNOWN
        found = worst(row.status for row in self.rows)
        if found is not Status.SKIPPED:
            return found
        if len(self.sides) > 1:
            return Status.UNKNOWN
        if self.since is None:
            return Status.SKIPPED
        if self.since.compared == 0:
            return Status.UNKNOWN
        return Status.DIFFERENT if self.since.changes else Status.EQUAL

    def with_status(self, status: Status) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.status is status)
