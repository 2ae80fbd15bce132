"""Edge rows: those that hold, in any column, the values at which migrations fail. No value leaves the source.

A table is read in pieces that take about half a second each: for the rows that hold the extremes of the piece, and for
a row of each value of columns that hold few. Each piece names rows by their ctids; the rows named, and those that are
kept anyway, are then asked which of all categories they are of, and the fewest that are of all are kept.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType

import psycopg
from psycopg import sql
from psycopg.sql import SQL, Composable

from rehearse.catalog.relations import Column, Table
from rehearse.model.quantity import duration, size
from rehearse.model.sampling import SampleRules
from rehearse.model.snapshot import Coverage
from rehearse.protocols import Progress
from rehearse.snapshot.categories import Category, of_nulls, of_shape, of_type
from rehearse.snapshot.cover import cover
from rehearse.snapshot.pieces import OutOfTime, of_pieces
from rehearse.snapshot.profile import glance
from rehearse.snapshot.sampling import admitted, chunks, rule_of
from rehearse.snapshot.values import each_value

_SOUGHT_UP_TO = 64 * 1024 * 1024 * 1024  # bytes of heap and TOAST
_PATIENCE = timedelta(minutes=5)  # with all tables together
_ANY = SQL("true")
_COLUMNS = 100  # asked for at once
_KEPT_ANYWAY = 2_000  # rows that are asked what they are of

_NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """The edge rows of one table, without those that are kept anyway."""

    ctids: frozenset[str]
    coverage: tuple[Coverage, ...]
    searched: float = 1.0  # share of the table


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """The edge rows of all tables, and a sentence about each that was not searched, or not wholly."""

    ctids: Mapping[int, frozenset[str]]  # by the table's oid
    coverage: tuple[Coverage, ...]
    notes: tuple[str, ...]


def seek_all(
    connection: psycopg.Connection,
    tables: Iterable[Table],
    columns: Mapping[int, Sequence[Column]],
    rules: SampleRules,
    progress: Progress,
    kept: Mapping[int, set[str]] = MappingProxyType({}),
    composite: Mapping[int, Sequence[tuple[str, ...]]] = MappingProxyType({}),
) -> Sought:
    """Search the tables, the smallest first, until patience ends.

    `kept` are rows that are in the sample anyway; `composite` are the columns of keys that may be half NULL.
    """
    found: dict[int, Edges] = {}
    notes: list[str] = []
    coverage: list[Coverage] = []
    until = time.monotonic() + _PATIENCE.total_seconds()
    for table in sorted(tables, key=_octets):
        reason = _reason_to_leave(table, until)
        if reason:
            notes.append(f"No edge rows were sought in {table.identity}: {reason}.")
            coverage += (_unsought(table, column, reason) for column in columns[table.oid])
            continue
        progress(f"looking for edge rows of {table.identity}")
        among, already = admitted(rule_of(table, rules)), frozenset(kept.get(table.oid, ()))
        keys = [of_nulls(names) for names in composite.get(table.oid, ())]
        edges = found[table.oid] = seek(connection, table, columns[table.oid], among, already, keys, until)
        coverage += edges.coverage
        if edges.searched < 1:
            notes.append(
                f"Edge rows were sought in the first {edges.searched:.0%} of {table.identity} only: "
                f"all tables together took {duration(_PATIENCE)}."
            )
    return Sought(
        ctids={oid: edges.ctids for oid, edges in found.items()}, coverage=tuple(coverage), notes=tuple(notes)
    )


def _reason_to_leave(table: Table, until: float) -> str:
    if _octets(table) > _SOUGHT_UP_TO:
        return f"it is larger than {size(_SOUGHT_UP_TO)}"
    return f"others took {duration(_PATIENCE)} already" if time.monotonic() > until else ""


def _octets(table: Table) -> int:
    return table.total_bytes - table.index_bytes


def _unsought(table: Table, column: Column, reason: str) -> Coverage:
    why = {"every kind of value": reason}
    return Coverage(kind="column", table=table.identity, name=column.name, present=(), absent=(), not_sought=why)


def seek(
    connection: psycopg.Connection,
    table: Table,
    columns: Iterable[Column],
    among: Composable = _ANY,
    already: frozenset[str] = _NOTHING,
    beside: Sequence[Category] = (),
    until: float | None = None,
) -> Edges:
    """Find the fewest rows of every category the table has among some rows, those beside the columns' included.

    Valid within the transaction's snapshot only. `until` is a moment of the monotonic clock.
    """
    copied = [column for column in columns if not column.generated]
    ctids: set[str] = set()
    coverage: list[Coverage] = []
    searched = 1.0
    for start in range(0, max(1, len(copied)), _COLUMNS):
        some = copied[start : start + _COLUMNS]
        search = _search(connection, table, some, among, until, beside if start == 0 else ())
        searched = min(searched, search.run(already | ctids))
        ctids |= search.taken
        coverage += search.coverage()
    return Edges(ctids=frozenset(ctids), coverage=tuple(coverage), searched=searched)


def _search(
    connection: psycopg.Connection,
    table: Table,
    columns: Sequence[Column],
    among: Composable,
    until: float | None,
    beside: Sequence[Category],
) -> _Search:
    profile = glance(connection, table, columns)
    categories = [found for column in columns for found in of_type(connection, column)]
    categories += [of_shape(column, profile.shapes[column.name]) for column in columns if column.name in profile.shapes]
    values = each_value(connection, table, profile.few, among, until)
    return _Search(
        connection=connection, table=table, among=among, until=until, passed=[*categories, *beside], valued=values
    )


@dataclass(slots=True, kw_only=True)
class _Search:
    """The search of one table for rows of some categories."""

    connection: psycopg.Connection
    table: Table
    among: Composable
    until: float | None
    passed: list[Category]  # looked for in passes over the table
    valued: list[Category]  # found already, in which row stands in them
    taken: frozenset[str] = _NOTHING
    met: frozenset[int] = frozenset()
    categories: list[Category] = field(default_factory=list)

    def run(self, already: frozenset[str]) -> float:
        """Choose rows; return the share of the table that was read."""
        self.categories = [*self.passed, *self.valued]
        if not self.categories:
            return 1.0
        named, searched = self._named()
        kinds = self._kinds(
            {*named, *sorted(already)[:_KEPT_ANYWAY], *(found.row for found in self.valued if found.row)}
        )
        self.taken = cover(kinds, already)
        self.met = frozenset(number for numbers in kinds.values() for number in numbers)
        return searched

    def coverage(self) -> Iterator[Coverage]:
        """Say of each column which categories have a row; of values, how many there are."""
        for column in dict.fromkeys(category.column for category in self.categories):
            own = [
                (found.name, number in self.met)
                for number, found in enumerate(self.categories)
                if found.column == column
            ]
            values = sum(present for name, present in own if name == "each value")
            present = [name for name, present in own if present and name != "each value"]
            yield Coverage(
                kind="column" if "half NULL" not in dict(own) else "key",
                table=self.table.identity,
                name=column,
                present=(*present, *([f"each of {values} values"] if values else [])),
                absent=tuple(name for name, present in own if not present and name != "each value"),
            )

    def _named(self) -> tuple[set[str], float]:
        """Return rows among which are some of every category of the passes, and the share of the table read."""
        answers, searched = [], 1.0
        try:
            for answer in of_pieces(self.table, self.among, self._asked, self.until):
                answers.append(answer)  # noqa: PERF402 - what came before time ran out counts
        except OutOfTime as end:
            searched = end.share
        named = {ctid for answer in answers for ctid in answer if ctid is not None}
        while len(answers) > 1:
            answers = [
                self._asked(SQL("t.ctid = ANY ({}::pg_catalog.tid[])").format(chunk))
                for chunk in chunks(named)
                if chunk is not None
            ]
            named = {ctid for answer in answers for ctid in answer if ctid is not None}
        return named, searched

    def _asked(self, within: Composable) -> list[str | None]:
        """Return the first row of each category among some rows."""
        wanted = SQL(", ").join(
            SQL("(pg_catalog.min(t.ctid) FILTER (WHERE {}))::pg_catalog.text").format(condition)
            for condition in self._conditions(self.passed)
        )
        row = self.connection.execute(
            SQL("SELECT ARRAY[{}]::pg_catalog.text[] {}").format(wanted, self._rows(within))
        ).fetchone()
        assert row is not None
        return list(row[0])

    def _kinds(self, ctids: set[str]) -> dict[str, frozenset[int]]:
        """Return, of each of some rows, the numbers of its categories; the extremes are those of these rows."""
        chunk = SQL("{}::pg_catalog.tid[]").format(sql.Literal("{" + ",".join(f'"{c}"' for c in sorted(ctids)) + "}"))
        numbers = SQL(", ").join(
            SQL("CASE WHEN {} THEN {} END").format(condition, sql.Literal(number))
            for number, condition in enumerate(self._conditions(self.categories))
        )
        asking = SQL(
            "SELECT t.ctid::pg_catalog.text, pg_catalog.array_remove(ARRAY[{}]::pg_catalog.int4[], NULL) {}"
        ).format(numbers, self._rows(SQL("({}) AND t.ctid = ANY ({})").format(self.among, chunk)))
        return {ctid: frozenset(found) for ctid, found in self.connection.execute(asking)}

    def _conditions(self, categories: Iterable[Category]) -> Iterator[Composable]:
        for number, found in enumerate(categories):
            extreme = found.extreme is not None
            yield SQL("{} = e.{}").format(found.condition, _extreme(number)) if extreme else found.condition

    def _rows(self, within: Composable) -> Composable:
        """Return some rows t, and beside them the extremes e."""
        rows = SQL("FROM ONLY {} AS t").format(self.table.name)
        extremes = [
            SQL("{} AS {}").format(found.extreme, _extreme(number))
            for number, found in enumerate(self.passed)
            if found.extreme is not None
        ]
        if not extremes:
            return SQL("{} WHERE {}").format(rows, within)
        beside = SQL("(SELECT {} {} WHERE {}) AS e").format(SQL(", ").join(extremes), rows, within)
        return SQL("{} CROSS JOIN {} WHERE {}").format(rows, beside, within)


def _extreme(number: int) -> sql.Identifier:
    """Name an extreme as no column is called: a project's condition names columns without their table."""
    return sql.Identifier(f"extreme of category {number}")
