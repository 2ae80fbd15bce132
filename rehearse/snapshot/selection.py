"""Which rows a snapshot keeps: drawn, on the edge of something, and closed over foreign keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.sql import SQL

from rehearse.catalog.relations import Column, ForeignKey, Relation, Table
from rehearse.model.quantity import rows as number_of_rows
from rehearse.model.sampling import SampleRules
from rehearse.model.snapshot import Coverage
from rehearse.protocols import Progress
from rehearse.snapshot import duplicates, edges, keys, links, orphans, sampling
from rehearse.snapshot.closure import close
from rehearse.snapshot.keys import Key
from rehearse.snapshot.links import Link
from rehearse.snapshot.sampling import Chosen, Sizes, admitted, rule_of
from rehearse.snapshot.searching import Found, Patience, Search


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a selection is made from."""

    tables: tuple[Table, ...]  # of which rows are taken
    whole: frozenset[int]  # those of them of which every row is
    relations: Mapping[int, Relation]
    columns: Mapping[int, tuple[Column, ...]]
    foreign_keys: tuple[ForeignKey, ...]  # declared and configured
    sizes: Sizes
    rules: SampleRules

    @property
    def sampled(self) -> tuple[Table, ...]:
        return tuple(table for table in self.tables if table.oid not in self.whole)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The rows kept of each sampled table, and which kinds of rows are among them."""

    ctids: Chosen
    coverage: tuple[Coverage, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Searches:
    """The keys and foreign keys that are searched."""

    keys: tuple[Key, ...]
    links: tuple[Link, ...]

    def announced(self, rules: SampleRules) -> tuple[Search, ...]:
        """Return each search with its cost, in the order they are run; pure."""
        return (
            *keys.announced(self.keys, wanted=rules.duplicates),
            *links.announced(self.links, wanted=rules.orphans),
        )


def searches(connection: psycopg.Connection, source: Source) -> Searches:
    """Return what would be searched: reads the catalog and statistics, no row of a table."""
    indexes, distinctness = keys.indexes(connection), keys.distinctness(connection)
    return Searches(
        keys=keys.keys(source.sampled, source.columns, indexes, distinctness),
        links=links.links(
            source.foreign_keys,
            source.relations,
            source.tables,
            frozenset(table.oid for table in source.sampled),
            source.columns,
            source.rules,
            indexes,
            distinctness,
        ),
    )


def select(connection: psycopg.Connection, source: Source, progress: Progress) -> Selection:
    """Choose the rows of every sampled table; valid within the transaction's snapshot only: a ctid names a version."""
    progress("choosing rows")
    chosen: Chosen = {
        table.oid: set(sampling.drawn(connection, table, source.sizes, source.rules)) for table in source.sampled
    }
    found = tuple(_searched(connection, source, progress))
    for each in found:
        _keep(chosen, each.rows)
    sought = edges.seek_all(
        connection, source.sampled, source.columns, source.rules, progress, kept=chosen, composite=_composite(source)
    )
    _keep(chosen, sought.ctids)
    partitions = tuple(_partitions(connection, source, chosen))
    progress("choosing the rows that others refer to")
    lost = close(connection, chosen, source.whole, source.foreign_keys, source.relations)
    return Selection(
        ctids=chosen,
        coverage=(*sought.coverage, *(each.coverage for each in found), *partitions),
        notes=(*sought.notes, *_orphan_notes(lost)),
    )


def _searched(connection: psycopg.Connection, source: Source, progress: Progress) -> Iterator[Found]:
    """Yield what each key and foreign key brings, the smallest tables first, until patience ends."""
    asked, rules, patience = searches(connection, source), source.rules, Patience()
    for key in sorted(asked.keys, key=lambda key: key.table.estimate or 0):
        progress(f"looking for duplicates in {key.table.identity} ({key.name})")
        yield duplicates.seek(connection, key, admitted(rule_of(key.table, rules)), patience, wanted=rules.duplicates)
    for link in asked.links:
        progress(f"looking for orphans of {link.child.identity} ({link.key.name})")
        yield orphans.seek(connection, link, patience, wanted=rules.orphans)


def _keep(chosen: Chosen, rows: Mapping[int, Iterable[str]]) -> None:
    for oid, ctids in rows.items():
        if oid in chosen:
            chosen[oid] |= set(ctids)


def _composite(source: Source) -> dict[int, tuple[tuple[str, ...], ...]]:
    """Return, by table, the columns of foreign keys that may be NULL in part."""
    nullable = {
        (oid, column.name) for oid, listed in source.columns.items() for column in listed if not column.never_null
    }
    found: dict[int, dict[tuple[str, ...], None]] = {}
    for key in source.foreign_keys:
        if len(key.child_columns) > 1 and any((key.child, name) in nullable for name in key.child_columns):
            found.setdefault(key.child, {})[key.child_columns] = None
    return {oid: tuple(listed) for oid, listed in found.items()}


def _partitions(connection: psycopg.Connection, source: Source, chosen: Chosen) -> Iterator[Coverage]:
    """See to it that every partition that has rows is there with one; chance may have passed over it."""
    for table in source.sampled:
        if table.root is None:
            continue
        if not chosen[table.oid]:
            any_row = SQL("SELECT t.ctid::pg_catalog.text FROM ONLY {} AS t WHERE ({}) LIMIT {}").format(
                table.name, admitted(rule_of(table, source.rules)), sql.Literal(1)
            )
            chosen[table.oid] |= {ctid for (ctid,) in connection.execute(any_row)}
        present = bool(chosen[table.oid])
        kinds = ("row",)
        yield Coverage(
            kind="partition",
            table=table.identity,
            name=table.root,
            present=kinds if present else (),
            absent=() if present else kinds,
        )


def _orphan_notes(lost: Mapping[str, int]) -> Iterator[str]:
    for place, number in sorted(lost.items()):
        table, key = place.split(" ", 1)
        yield f"{number_of_rows(number)} kept of {table} refer to nothing by {key}: the source has no such parent."
