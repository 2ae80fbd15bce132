"""Searches that read a table as a whole: each by itself, within bounds of time and memory, and announced beforehand."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import TypeVar

import psycopg
from psycopg import errors, sql
from psycopg.sql import SQL, Composed

from rehearse.model.quantity import duration
from rehearse.model.snapshot import Coverage

PER_SEARCH = timedelta(minutes=1)
ALL_SEARCHES = timedelta(minutes=10)
DECLINED = {"duplicates": "[snapshot] duplicates = false", "orphans": "[snapshot] orphans = false"}
# One process, and hashes in 128 MB: work_mem times hash_mem_multiplier (manual 20.4.1, Memory).
_SETTINGS = {
    "work_mem": "64MB",
    "hash_mem_multiplier": "2",
    "max_parallel_workers_per_gather": "0",
}
_AT_ONCE = 10_000_000  # groups of a 64-bit hash: what does not fit spills to temporary files of at most 400 MB
_PARTS = 8  # at most: each reads the table again
_REFUSALS = (
    errors.UndefinedFunction,
    errors.AmbiguousFunction,
    errors.DatatypeMismatch,
    errors.InsufficientPrivilege,
    errors.DataError,
    errors.FeatureNotSupported,
    errors.CollationMismatch,
)

Answer = TypeVar("Answer")
Places = list[tuple[int, str]]  # table or leaf, and ctid


class NotSought(Exception):
    """A search that did not come to its end, and why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """One search as it is announced: what it costs the source."""

    kind: str  # "duplicates", "orphans", "chain"
    table: str
    name: str  # the columns of the key, or the name of the foreign key
    scans: float  # so many times what counting the table's rows takes
    declined: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long all searches may take together."""

    until: float = field(default_factory=lambda: time.monotonic() + ALL_SEARCHES.total_seconds())

    def search(
        self,
        connection: psycopg.Connection,
        run: Callable[[Asking], Answer],
        settings: Mapping[str, str] = MappingProxyType({}),
    ) -> Answer:
        """Run one search with settings of its own, put back whatever happens. Raises NotSought."""
        end = min(self.until, time.monotonic() + PER_SEARCH.total_seconds())
        if time.monotonic() > self.until:
            raise NotSought(f"other searches took {duration(ALL_SEARCHES)} already")
        try:
            with connection.transaction(force_rollback=True):
                for name, value in {**_SETTINGS, **settings}.items():
                    connection.execute(SQL("SET LOCAL {} = {}").format(sql.Identifier(name), sql.Literal(value)))
                return run(Asking(connection=connection, until=end))
        except errors.QueryCanceled:
            raise NotSought(f"it took longer than {duration(PER_SEARCH)}") from None
        except _REFUSALS as error:  # its text might quote a value
            raise NotSought(f"PostgreSQL refuses the search (SQLSTATE {error.sqlstate})") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A search that is going on: every statement has what is left of its time."""

    connection: psycopg.Connection
    until: float

    def rows(self, asking: Composed) -> list[tuple[object, ...]]:
        left = int(1000 * (self.until - time.monotonic()))
        if left <= 0:
            raise NotSought(f"it took longer than {duration(PER_SEARCH)}")
        self.connection.execute(SQL("SET LOCAL statement_timeout = {}").format(sql.Literal(left)))
        return list(self.connection.execute(asking))


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the search of one key, or of one foreign key, brought."""

    coverage: Coverage
    rows: Mapping[int, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))  # table or leaf -> ctids


def parts(rows: int) -> int:
    """Return into how many parts so many groups are divided: a power of two.

    >>> [parts(rows) for rows in (0, 10_000_000, 30_000_000, 10**9)]
    [1, 1, 4, 8]
    """
    number = 1
    while number < _PARTS and number * _AT_ONCE < rows:
        number *= 2
    return number


def places(rows: Iterable[tuple[object, ...]]) -> Places:
    """Return where rows lie, as a query for leaf and ctid answers."""
    return [(int(str(leaf)), str(place)) for leaf, place in rows]
