"""Downgrades: whether the way back from each revision leads where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from rehearse.model.catalog import Catalog
from rehearse.model.failure import Failure


class Way(Enum):
    """What the way back was."""

    LOSSLESS = "lossless"  # schema and contents were as before, and after a second upgrade as after the first
    LOSSY = "lossy"
    IRREVERSIBLE = "irreversible"  # there is no way back: none written, an empty one, or one that refuses
    FAILING = "failing"
    OPEN = "open"  # it could not be established


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnContents:
    """What one column holds."""

    values: int  # that are not NULL
    checksum: int  # sum of a hash of each value


@dataclass(frozen=True, slots=True, kw_only=True)
class TableContents:
    """What one table holds: sums of hashes, whatever the order of its rows."""

    rows: int
    columns: Mapping[str, ColumnContents]  # by name
    checksum: int  # of whole rows, the columns in the order of their names


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A database at one revision."""

    catalog: Catalog
    contents: Mapping[str, TableContents]  # by quoted identity; not of version tables
    heads: Mapping[str, tuple[str, ...]]  # version table -> what it holds


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """One thing that is not what it was."""

    kind: str  # "rows", "values", or the kind of an object: "column", "index"
    object: str  # quoted identity: of the table for rows, of the column for values
    table: str | None
    told: str  # in a sentence's words
    upgraded_again: bool = False  # it showed after the second upgrade, not after the downgrade


@dataclass(frozen=True, slots=True, kw_only=True)
class Downgrade:
    """The way back from one revision."""

    step: str
    way: Way
    reason: str | None = None  # why it is irreversible or open
    losses: tuple[Loss, ...] = ()
    failure: Failure | None = None
    together: tuple[str, ...] = ()  # the steps it was rehearsed with as one, where each alone would have taken too long
    took: timedelta = timedelta(0)
