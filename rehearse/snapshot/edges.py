"""Edge rows: those that hold, in any column, the values at which migrations fail. No value leaves the source.

A table is read in pieces that take about half a second each, twice: once for the extremes, once for the rows that
hold them. Each piece names one row a category by its ctid; the rows named are then asked the same question again,
until one row a category is left.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import LiteralString

import psycopg
from psycopg import sql
from psycopg.sql import SQL, Composable

from rehearse.catalog.relations import MOMENTS, Column, Table
from rehearse.model.quantity import duration, size
from rehearse.model.sampling import SampleRules
from rehearse.model.snapshot import ColumnCoverage
from rehearse.protocols import Progress
from rehearse.sanitise.treatments import INTEGERS, TEXTS, base_name
from rehearse.snapshot.sampling import admitted, chunks, rule_of

_SOUGHT_UP_TO = 1024 * 1024 * 1024  # bytes of heap and TOAST
_PATIENCE = timedelta(minutes=5)  # with all tables together
_ANY = SQL("true")
_SECONDS = 0.5  # that one statement should take
_FIRST_PAGES = 1024  # of the first piece: 8 MB
_COLUMNS = 100  # asked for at once
_PAGE = 8192
_LABELS = 50  # of an enum; rarer ones are a matter of luck


_OCTETS = "pg_catalog.octet_length({v}::pg_catalog.text)"
_SIZE = "pg_catalog.pg_column_size({v})"  # as it is stored: nothing is fetched from TOAST for it
_ITEMS = "pg_catalog.cardinality({v})"
_EXTREME = (("least", "{v}", "pg_catalog.min({v})"), ("greatest", "{v}", "pg_catalog.max({v})"))
_SIGNED = (("zero", "{v} = 0", None), ("negative", "{v} < 0", None))
_BEYOND = (("not a number", "{v} = 'NaN'", None), ("infinite", "{v} IN ('Infinity', '-Infinity')", None))
_TEXT = (
    ("empty", "{v}::pg_catalog.text = ''", None),
    ("shortest", _OCTETS, f"pg_catalog.min(NULLIF({_OCTETS}, 0))"),
    ("longest", _OCTETS, f"pg_catalog.max({_OCTETS})"),
    ("not ASCII", f"{_OCTETS} <> pg_catalog.length({{v}}::pg_catalog.text)", None),
)
_ARRAY = (("empty", f"{_ITEMS} = 0", None), ("longest", _ITEMS, f"pg_catalog.max({_ITEMS})"))
# name, condition (compared with the extreme where there is one) and extreme, by base type
_SOUGHT: MappingProxyType[str, tuple[tuple[LiteralString, LiteralString, LiteralString | None], ...]] = (
    MappingProxyType({
        **dict.fromkeys(TEXTS - {"ltree", "name"}, _TEXT),
        **dict.fromkeys(INTEGERS, (*_EXTREME, *_SIGNED)),
        **dict.fromkeys(("numeric", "real", "double precision"), (*_EXTREME, *_SIGNED, *_BEYOND)),
        **dict.fromkeys(MOMENTS, (*_EXTREME, ("infinite", "NOT pg_catalog.isfinite({v})", None))),
        "boolean": (("true", "{v}", None), ("false", "NOT {v}", None)),
        **dict.fromkeys(("bytea", "json", "jsonb", "xml"), (("largest", _SIZE, f"pg_catalog.max({_SIZE})"),)),
    })
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """One kind of value of one column: the row looked for, and the extreme it is told by."""

    column: str
    name: str  # "null", "longest", "negative", ...
    condition: Composable  # over the row t; an extreme e.x is filled in
    extreme: Composable | None = None  # an aggregate over the rows t


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """The edge rows of one table."""

    ctids: frozenset[str]
    coverage: tuple[ColumnCoverage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """The edge rows of all tables, and a sentence about each that was not searched."""

    ctids: Mapping[int, frozenset[str]]  # by the table's oid
    coverage: tuple[ColumnCoverage, ...]
    notes: tuple[str, ...]


def seek_all(
    connection: psycopg.Connection,
    tables: Iterable[Table],
    columns: Mapping[int, Sequence[Column]],
    rules: SampleRules,
    progress: Progress,
) -> Sought:
    """Search tables of up to 1 GB, the smallest first, until patience ends."""
    found: dict[int, Edges] = {}
    notes: list[str] = []
    end = time.monotonic() + _PATIENCE.total_seconds()
    for table in sorted(tables, key=_octets):
        if _octets(table) > _SOUGHT_UP_TO:
            notes.append(f"No edge rows were sought in {table.identity}: it is larger than {size(_SOUGHT_UP_TO)}.")
        elif time.monotonic() > end:
            notes.append(f"No edge rows were sought in {table.identity}: others took {duration(_PATIENCE)} already.")
        else:
            progress(f"looking for edge rows of {table.identity}")
            found[table.oid] = seek(connection, table, columns[table.oid], admitted(rule_of(table, rules)))
    return Sought(
        ctids={oid: edges.ctids for oid, edges in found.items()},
        coverage=tuple(covered for edges in found.values() for covered in edges.coverage),
        notes=tuple(notes),
    )


def _octets(table: Table) -> int:
    return table.total_bytes - table.index_bytes


def seek(connection: psycopg.Connection, table: Table, columns: Iterable[Column], among: Composable = _ANY) -> Edges:
    """Find a row of every category the table has among some rows; valid within the transaction's snapshot only."""
    copied = [column for column in columns if not column.generated]
    ctids: set[str] = set()
    coverage: list[ColumnCoverage] = []
    for start in range(0, len(copied), _COLUMNS):
        categories = [found for column in copied[start : start + _COLUMNS] for found in _categories(connection, column)]
        rows = _rows(connection, table, categories, among)
        ctids |= {ctid for ctid in rows if ctid is not None}
        coverage += _coverage(table, categories, rows)
    return Edges(ctids=frozenset(ctids), coverage=tuple(coverage))


def _coverage(table: Table, categories: Sequence[Category], rows: Sequence[str | None]) -> Iterator[ColumnCoverage]:
    for column in dict.fromkeys(category.column for category in categories):
        own = [(found.name, row) for found, row in zip(categories, rows, strict=True) if found.column == column]
        yield ColumnCoverage(
            table=table.identity,
            column=column,
            present=tuple(name for name, row in own if row is not None),
            absent=tuple(name for name, row in own if row is None),
        )


def _rows(
    connection: psycopg.Connection, table: Table, categories: Sequence[Category], among: Composable
) -> list[str | None]:
    """Return the ctid of a row of each category, None where the table has none."""
    if not categories:
        return []
    answers = list(_of_pieces(connection, table, categories, among))
    while len(answers) > 1:
        named = {ctid for answer in answers for ctid in answer if ctid is not None}
        if not named:
            break
        answers = [
            _asked(connection, table, categories, SQL("t.ctid = ANY ({}::pg_catalog.tid[])").format(chunk))
            for chunk in chunks(named)
            if chunk is not None
        ]
    return answers[0]


def _of_pieces(
    connection: psycopg.Connection, table: Table, categories: Sequence[Category], among: Composable
) -> Iterator[list[str | None]]:
    """Ask the table piece by piece, the next one as large as the last one was quick; the last has no upper end."""
    pages, start, size = table.heap_bytes // _PAGE, 0, _FIRST_PAGES
    while True:
        last = start + size >= pages
        within = SQL("({}) AND t.ctid >= {}::pg_catalog.tid").format(among, sql.Literal(f"({start},0)"))
        if not last:
            within += SQL(" AND t.ctid < {}::pg_catalog.tid").format(sql.Literal(f"({start + size},0)"))
        began = time.monotonic()
        yield _asked(connection, table, categories, within)
        if last:
            return
        start += size
        took = time.monotonic() - began
        size = max(_FIRST_PAGES // 16, min(4 * size, int(size * _SECONDS / max(took, 0.001))))


def _asked(
    connection: psycopg.Connection, table: Table, categories: Sequence[Category], within: Composable
) -> list[str | None]:
    """Return the first row of each category among some rows."""
    extremes = {
        number: SQL("{} AS {}").format(found.extreme, _extreme(number))
        for number, found in enumerate(categories)
        if found.extreme is not None
    }
    rows = SQL("FROM ONLY {} AS t").format(table.name)
    beside = (
        SQL(" CROSS JOIN (SELECT {} {} WHERE {}) AS e").format(SQL(", ").join(extremes.values()), rows, within)
        if extremes
        else SQL("")
    )
    wanted = SQL(", ").join(
        SQL("(pg_catalog.min(t.ctid) FILTER (WHERE {}))::pg_catalog.text").format(
            found.condition if found.extreme is None else SQL("{} = e.{}").format(found.condition, _extreme(number))
        )
        for number, found in enumerate(categories)
    )
    row = connection.execute(SQL("SELECT ARRAY[{}] {}{} WHERE {}").format(wanted, rows, beside, within)).fetchone()
    assert row is not None
    return list(row[0])


def _extreme(number: int) -> sql.Identifier:
    """Name an extreme as no column is called: a project's condition names columns without their table."""
    return sql.Identifier(f"extreme of category {number}")


def _categories(connection: psycopg.Connection, column: Column) -> Iterator[Category]:
    """Yield what is looked for in a column, by its type."""
    value = SQL("t.{}").format(sql.Identifier(column.name))
    if not column.never_null:
        yield Category(column=column.name, name="null", condition=SQL("{} IS NULL").format(value))
    if column.category == "enum":
        yield from _labels(connection, column, value)
        return
    sought = _ARRAY if column.category == "array" else _SOUGHT.get(base_name(column.base), ())
    for name, condition, extreme in sought if column.category in ("array", "base") else ():
        yield Category(
            column=column.name,
            name=name,
            condition=SQL(condition).format(v=value),
            extreme=None if extreme is None else SQL(extreme).format(v=value),
        )


def _labels(connection: psycopg.Connection, column: Column, value: Composable) -> Iterator[Category]:
    asked = SQL("SELECT pg_catalog.enum_range(NULL::{})::pg_catalog.text[]").format(SQL(column.base))  # as format_type
    row = connection.execute(asked).fetchone()
    for label in list(row[0] if row else ())[:_LABELS]:
        condition = SQL("{}::pg_catalog.text = {}").format(value, sql.Literal(label))
        yield Category(column=column.name, name=label, condition=condition)
