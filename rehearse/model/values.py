"""Values: what a migration did to what columns hold and where sequences stand."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedColumn:
    """A column that was there before and is there afterwards; each name is unquoted."""

    column: str  # quoted identity before
    now: str  # quoted identity afterwards
    before: str
    after: str
    old_type: str  # as format_type() writes it
    new_type: str

    @property
    def is_retyped(self) -> bool:
        return self.old_type != self.new_type


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedTable:
    """A table whose values may have changed; of a partitioned one, all its leaves together."""

    table: str  # quoted identity before
    now: str  # quoted identity afterwards
    has_leaves: bool
    columns: tuple[ComparedColumn, ...]
    key: tuple[ComparedColumn, ...] = ()  # that tells rows apart, before and afterwards; empty: none does


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueChange:
    """What became of the values of one column; NULLs that got a value, and rows that are gone, do not count."""

    column: str  # quoted identity before
    now: str  # quoted identity afterwards
    table: str  # quoted identity before
    changed: int  # rows that have another value
    nulled: int  # rows that had a value and have none
    rows: int  # that were compared
    one_to_one: bool  # different values stayed different and equal ones equal, so each change can be undone
    exact: bool  # False: it is at least that many
