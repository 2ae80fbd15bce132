"""Keys of tables, and columns of which somebody may want to make one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row

from rehearse.catalog.relations import Column, Table
from rehearse.db.queries import query
from rehearse.sanitise.treatments import INTEGERS, TEXTS, base_name
from rehearse.snapshot.categories import is_text
from rehearse.snapshot.searching import Search, parts

_NEARLY = 0.9  # as many distinct values as that share of the rows
_FILLED = 0.05  # of the rows have a value, at least
_MOST_OCTETS = 200  # on average: longer texts are no key
_MOST_COLUMNS = 4
_NAMES = frozenset(
    [
        "email",
        "mail",
        "emailaddress",
        "username",
        "login",
        "loginname",
        "handle",
        "slug",
        "sku",
        "code",
        "externalid",
        "extid",
        "reference",
        "ref",
        "isbn",
        "ean",
        "gtin",
        "barcode",
        "serial",
        "serialnumber",
        "uuid",
        "guid",
        "number",
        "iban",
        "phone",
        "msisdn",
        "hostname",
        "domain",
    ]
)
_KINDS = ("duplicates", "case variants", "duplicates of NULL")


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """The columns of one index, and how unique it makes them."""

    relation: int
    columns: list[str]
    is_unique: bool
    is_primary: bool
    nulls_equal: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Distinctness:
    """What statistics say of one column's values; without any value."""

    relation: int
    name: str
    distinct_values: float  # negative: a share of the rows
    null_share: float
    average_bytes: int

    def is_nearly_unique(self, rows: int) -> bool:
        """Say whether nearly every row that has a value has one of its own."""
        filled = (1 - self.null_share) * rows
        distinct = self.distinct_values if self.distinct_values >= 0 else -self.distinct_values * rows
        return filled > _FILLED * rows and distinct >= _NEARLY * filled and self.average_bytes <= _MOST_OCTETS


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """Columns of a table that are unique, or that somebody may want to be."""

    table: Table
    columns: tuple[Column, ...]
    is_unique: bool = False  # an index sees to it
    nulls_equal: bool = False  # NULLS NOT DISTINCT (PostgreSQL 15)

    @property
    def name(self) -> str:
        return ", ".join(column.name for column in self.columns)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Return what may be found: an index rules out the duplicates that it would refuse."""
        possible = {
            "duplicates": not self.is_unique,
            "case variants": any(is_text(column) for column in self.columns),
            "duplicates of NULL": not self.nulls_equal and any(not column.never_null for column in self.columns),
        }
        return tuple(kind for kind in _KINDS if possible[kind])


def indexes(connection: psycopg.Connection) -> tuple[Index, ...]:
    with connection.cursor(row_factory=class_row(Index)) as cursor:
        return tuple(cursor.execute(query("facts/keys").encode()))


def distinctness(connection: psycopg.Connection) -> tuple[Distinctness, ...]:
    """Return what the role may see of statistics; nothing of tables never analysed."""
    with connection.cursor(row_factory=class_row(Distinctness)) as cursor:
        return tuple(cursor.execute(query("facts/distinctness").encode()))


def keys(
    tables: Iterable[Table],
    columns: Mapping[int, Sequence[Column]],
    indexes: Iterable[Index],
    distinctness: Iterable[Distinctness],
) -> tuple[Key, ...]:
    """Return the keys and candidate keys of some tables, but for those of which nothing can be found."""
    known = {(found.relation, found.name): found for found in distinctness}
    by_table: dict[int, list[Index]] = {}
    for index in indexes:
        by_table.setdefault(index.relation, []).append(index)
    return tuple(
        key
        for table in tables
        for key in _of_table(table, columns[table.oid], by_table.get(table.oid, []), known)
        if key.kinds
    )


def _of_table(
    table: Table,
    columns: Sequence[Column],
    indexes: Sequence[Index],
    known: Mapping[tuple[int, str], Distinctness],
) -> Iterator[Key]:
    named = {column.name: column for column in columns if not column.generated}
    seen: set[frozenset[str]] = {frozenset(index.columns) for index in indexes if index.is_primary}
    rows = table.estimate or 0
    for index in sorted(indexes, key=lambda index: not index.is_unique):
        names = frozenset(index.columns)
        found = [known.get((table.oid, name)) for name in index.columns]
        wanted = index.is_unique or any(each is not None and each.is_nearly_unique(rows) for each in found)
        if names in seen or not wanted or not names <= named.keys() or len(names) > _MOST_COLUMNS:
            continue
        seen.add(names)
        yield Key(
            table=table,
            columns=tuple(named[name] for name in index.columns),
            is_unique=index.is_unique,
            nulls_equal=index.nulls_equal,
        )
    for column in named.values():
        if frozenset({column.name}) not in seen and _may_become(column, known.get((table.oid, column.name)), rows):
            yield Key(table=table, columns=(column,))


def _may_become(column: Column, known: Distinctness | None, rows: int) -> bool:
    """Say whether somebody may want a column to be unique: nearly all values differ, or its name asks for it."""
    if column.category != "base" or base_name(column.base) not in TEXTS | INTEGERS | {"uuid"}:
        return False
    if known is not None and rows:
        return known.is_nearly_unique(rows)
    return column.name.replace("_", "").lower() in _NAMES


def announced(keys: Iterable[Key], *, wanted: bool) -> tuple[Search, ...]:
    """Return the searches that would be run, with what they cost; pure."""
    return tuple(
        Search(kind="duplicates", table=key.table.identity, name=key.name, scans=_scans(key), declined=not wanted)
        for key in keys
    )


def _scans(key: Key) -> float:
    """Estimate the cost of a key's search in count(*) of its table; measured on 5 M rows in memory."""
    repeated = parts(key.table.estimate or 0)
    nulls = 2.0 if "duplicates of NULL" in key.kinds else 0.0
    if set(key.kinds) == {"duplicates of NULL"}:
        return nulls
    return nulls + 8 + repeated * sum(12.0 if is_text(column) else 4.0 for column in key.columns)
