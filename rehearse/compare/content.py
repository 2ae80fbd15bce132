"""Checksums over every row of a table: equal for equal multisets of rows, whatever their order.

The checksum of a table is the sum of its rows' digests, so that pages can be read in any order, by any number of
connections, a piece at a time.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import xor
from typing import cast

from psycopg import sql
from psycopg.sql import SQL, Composable, Composed

from rehearse.compare.asked import Asked
from rehearse.compare.canonical import Canonical, Digests, values
from rehearse.compare.plan import Table
from rehearse.compare.reader import Answer, Problem, Reader, Rows, Task
from rehearse.compare.relations import Relation
from rehearse.compare.rewrites import rewritten

# A piece takes about half a second to digest: no statement of ours is long, and connections share large tables.
_PIECE = 8_192  # pages: 64 MB
_DIGESTING = 10  # times as long as counting
_MASK = 2**64 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """A number of rows, and the sums of some digests of each; sums of parts add up."""

    rows: int
    digests: tuple[tuple[int, int], ...]  # two halves of 64 bits, for each group of columns
    distinct: bool  # no two rows are the same, so that the sum may be the cheaper one without carry: XOR

    def __add__(self, other: Sum) -> Sum:
        add = xor if self.distinct else _added
        pairs = zip(self.digests, other.digests, strict=True)
        return Sum(
            rows=self.rows + other.rows,
            digests=tuple((add(first[0], then[0]), add(first[1], then[1])) for first, then in pairs),
            distinct=self.distinct,
        )

    @property
    def checksums(self) -> tuple[str, ...]:
        return tuple(f"{first:016x}{second:016x}" for first, second in self.digests)


Buckets = Mapping[int, Sum]


def nothing(groups: int = 1, *, distinct: bool = False) -> Sum:
    """Return the sum of no rows."""
    return Sum(rows=0, digests=((0, 0),) * groups, distinct=distinct)


def _added(first: int, other: int) -> int:
    return (first + other) & _MASK


@dataclass(frozen=True, slots=True, kw_only=True)
class Summing:
    """What is summed of one table: digests of some columns, in buckets of others."""

    table: Table
    columns: tuple[Canonical, ...]
    digests: tuple[tuple[Canonical, ...], ...]  # one sum for each of these groups of columns
    bucket: Composable | None = None  # an expression over v; None: one bucket, 0
    only: Composable | None = None  # a condition over t
    few: bool = False  # by that condition an index finds its few rows: the table is not read in pieces
    distinct: bool = False  # the columns hold a key: no two rows have the same digest


def sums(reader: Reader, summings: Iterable[Summing], asked: Asked, digests: Digests) -> dict[str, Buckets | Problem]:
    """Return, by table, the sum of each bucket; of a table that had a problem, its first."""
    listed = {summing.table.identity: summing for summing in summings}
    tasks = [
        Task(
            key=(identity, number),
            statement=_statement(summing, part, conditions, digests),
            weight=min(pages, _PIECE) * _DIGESTING,
            by_hand=asked.where is not None,
        )
        for identity, summing in listed.items()
        for number, (part, conditions, pages) in enumerate(pieces(reader, summing.table, asked, few=summing.few))
    ]
    found: dict[str, dict[int, Sum]] = {identity: {} for identity in listed}
    problems: dict[str, Problem] = {}

    def add(key: Hashable, answer: Answer) -> None:
        identity = cast("tuple[str, int]", key)[0]
        if isinstance(answer, Problem):
            problems.setdefault(identity, answer)
        else:
            _add(found[identity], answer, distinct=listed[identity].distinct)

    reader.tell(tasks, add)
    lost = rewritten(reader, [summing.table for summing in listed.values()])
    return {**found, **problems, **lost}


def total(buckets: Buckets, groups: int = 1, *, distinct: bool = False) -> Sum:
    """Add up the buckets; an empty table may have none."""
    return reduce(Sum.__add__, buckets.values(), nothing(groups, distinct=distinct))


def _add(buckets: dict[int, Sum], answer: Rows, *, distinct: bool) -> None:
    for bucket, rows, *digests in cast("list[tuple[int, ...]]", answer):
        halves = zip(digests[::2], digests[1::2], strict=True)
        masked = tuple((int(first) & _MASK, int(second) & _MASK) for first, second in halves)
        new = Sum(rows=rows, digests=masked, distinct=distinct)
        buckets[bucket] = buckets[bucket] + new if bucket in buckets else new


def pieces(
    reader: Reader, table: Table, asked: Asked, *, few: bool = False
) -> Iterator[tuple[Composable, tuple[Composable, ...], int]]:
    """Yield what a table is read in: the relation, conditions that limit the piece, and its pages.

    A relation that lies in pages is cut into ranges of them (TID range scans, new in PostgreSQL 14), unless only few
    of its rows are wanted; partitions that this role may not read, or that row security restricts, come through
    their root.
    """
    conditions = table.conditions(asked)
    parts = table.parts[reader.name]
    if not all(part.readable and not part.row_security and part.kind in ("r", "m") for part in parts):
        yield table.relations[reader.name].source, conditions, sum(part.pages for part in parts)
        return
    for part in parts:
        for first, last in [(0, None)] if few else _ranges(reader, part):
            lower = [SQL("t.ctid >= {}::pg_catalog.tid").format(sql.Literal(f"({first},0)"))] if first else []
            upper = [SQL("t.ctid < {}::pg_catalog.tid").format(sql.Literal(f"({last},0)"))] if last else []
            yield part.source, (*lower, *upper, *conditions), (last or part.pages) - first


def _ranges(reader: Reader, part: Relation) -> Iterator[tuple[int, int | None]]:
    """Cut a relation's pages; the last range is open, since statistics may be old."""
    pages = part.pages or _pages(reader, part)
    starts = range(0, max(pages, 1), _PIECE)
    for first in starts:
        yield first, first + _PIECE if first + _PIECE < starts.stop else None


def _pages(reader: Reader, part: Relation) -> int:
    """Ask for the size of a relation that was never vacuumed or analysed."""
    asking = SQL("SELECT (pg_catalog.pg_relation_size({}::pg_catalog.oid) / 8192)::pg_catalog.int8").format(
        sql.Literal(part.oid)
    )
    answer = reader.ask([Task(key="", statement=asking)])[""]
    return 0 if isinstance(answer, Problem) else int(cast("int", answer[0][0]) or 0)


def _statement(summing: Summing, source: Composable, conditions: Sequence[Composable], digests: Digests) -> Composed:
    bucket = summing.bucket or SQL("0::pg_catalog.int8")
    aggregate = SQL("bit_xor" if summing.distinct else "sum")
    added = [
        SQL("COALESCE(pg_catalog.{}({}), 0)").format(aggregate, half)
        for columns in summing.digests
        for half in digests.both(columns)
    ]
    only = () if summing.only is None else (summing.only,)
    return SQL("SELECT {} FROM {}{}").format(
        SQL(", ").join([bucket, SQL("pg_catalog.count(*)"), *added]),
        values(summing.columns, source, (*conditions, *only)),
        SQL("") if summing.bucket is None else SQL(" GROUP BY 1"),
    )
