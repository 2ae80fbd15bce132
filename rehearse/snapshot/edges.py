"""Edge rows: those that hold, in any column, the values at which migrations fail. No value leaves the source.

A table is read in pieces that take about half a second each: for the rows that hold the extremes of the piece, and for
a row of each value of columns that hold few. Each piece names rows by their ctids; the rows named, and those that are
kept anyway, are then asked which of all categories they are of, and the fewest that are of all are kept.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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
from rehearse.snapshot.passes import Passes, beside_extremes, extreme_name
from rehearse.snapshot.profile import glance
from rehearse.snapshot.sampling import admitted, rule_of

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
        profile = glance(connection, table, some)
        categories = [found for column in some for found in of_type(connection, column)]
        categories += [
            of_shape(column, profile.shapes[column.name]) for column in some if column.name in profile.shapes
        ]
        categories += beside if start == 0 else ()
        passes = Passes(connection=connection, table=table, categories=categories, few=profile.few)
        searched = min(searched, passes.run(among, until))
        categories += passes.valued
        kept = already | ctids
        kinds = _kinds(connection, table, categories, among, {*passes.named, *sorted(kept)[:_KEPT_ANYWAY]})
        ctids |= cover(kinds, kept)
        coverage += _coverage(table, categories, frozenset(number for numbers in kinds.values() for number in numbers))
    return Edges(ctids=frozenset(ctids), coverage=tuple(coverage), searched=searched)


def _coverage(table: Table, categories: Sequence[Category], met: frozenset[int]) -> Iterator[Coverage]:
    """Say of each column which categories have a row; of values, how many there are."""
    for column in dict.fromkeys(category.column for category in categories):
        own = [(found.name, number in met) for number, found in enumerate(categories) if found.column == column]
        values = sum(present for name, present in own if name == "each value")
        present = [name for name, present in own if present and name != "each value"]
        yield Coverage(
            kind="key" if any(name == "half NULL" for name, _ in own) else "column",
            table=table.identity,
            name=column,
            present=(*present, *([f"each of {values} values"] if values else [])),
            absent=tuple(name for name, present in own if not present and name != "each value"),
        )


def _kinds(
    connection: psycopg.Connection, table: Table, categories: Sequence[Category], among: Composable, ctids: set[str]
) -> dict[str, frozenset[int]]:
    """Return, of each of some rows, the numbers of its categories; the extremes are those of these rows."""
    listed = sql.Literal("{" + ",".join(f'"{ctid}"' for ctid in sorted(ctids)) + "}")
    numbers = SQL(", ").join(
        SQL("CASE WHEN {} THEN {} END").format(
            SQL("{} = e.{}").format(found.condition, extreme_name(number)) if found.extreme else found.condition,
            sql.Literal(number),
        )
        for number, found in enumerate(categories)
    )
    asked = SQL("t.ctid::pg_catalog.text, pg_catalog.array_remove(ARRAY[{}]::pg_catalog.int4[], NULL)").format(numbers)
    within = SQL("({}) AND t.ctid = ANY ({}::pg_catalog.tid[])").format(among, listed)
    found = connection.execute(beside_extremes(table, asked, dict(enumerate(categories)), within))
    return {ctid: frozenset(numbers) for ctid, numbers in found}
