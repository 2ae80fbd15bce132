"""Keys and what might become one: rows that share it, that differ by case or blanks only, or that share its NULLs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType

import psycopg
from psycopg import sql
from psycopg.rows import class_row
from psycopg.sql import SQL, Composable, Composed

from rehearse.catalog.relations import Column, Table
from rehearse.db.queries import query
from rehearse.model.snapshot import Coverage
from rehearse.sanitise.treatments import INTEGERS, TEXTS, base_name
from rehearse.snapshot.categories import is_text, value_of
from rehearse.snapshot.searching import DECLINED, Asking, NotSought, Patience, Search, parts

_NEARLY = 0.9  # as many distinct values as that share of the rows
_FILLED = 0.05  # of the rows have a value, at least
_MOST_OCTETS = 200  # on average: longer texts are no key
_MOST_COLUMNS = 4
_EACH = 3  # groups of a kind that are kept
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the search of one key, or of one foreign key, brought."""

    coverage: Coverage
    rows: Mapping[int, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))  # table or leaf -> ctids
    notes: tuple[str, ...] = ()


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
    return nulls + 7 + repeated * sum(4.0 if is_text(column) else 2.0 for column in key.columns)


def seek(
    connection: psycopg.Connection, key: Key, among: Composable, patience: Patience, *, wanted: bool = True
) -> Found:
    """Find rows that share a key; valid within the transaction's snapshot only."""
    if not wanted:
        return Found(coverage=_coverage(key, frozenset(), dict.fromkeys(key.kinds, DECLINED["duplicates"])))
    rows: set[str] = set()
    present: set[str] = set()
    reasons: dict[str, str] = {}
    for kinds, search in (({"duplicates", "case variants"}, _alike), ({"duplicates of NULL"}, _null)):
        sought = kinds & set(key.kinds)
        if not sought:
            continue
        try:
            kept, kinds_found = patience.search(connection, partial(search, key, among))
        except NotSought as end:
            reasons |= dict.fromkeys(sought, end.reason)
            continue
        rows |= kept
        present |= kinds_found
    return Found(coverage=_coverage(key, present, reasons), rows={key.table.oid: frozenset(rows)} if rows else {})


def _coverage(key: Key, present: set[str] | frozenset[str], reasons: Mapping[str, str]) -> Coverage:
    return Coverage(
        kind="key",
        table=key.table.identity,
        name=key.name,
        present=tuple(kind for kind in key.kinds if kind in present),
        absent=tuple(kind for kind in key.kinds if kind not in present and kind not in reasons),
        not_sought={kind: reasons[kind] for kind in key.kinds if kind in reasons and kind not in present},
    )


def _alike(key: Key, among: Composable, asking: Asking) -> tuple[set[str], set[str]]:
    """Return rows that are alike, part by part of the hashes until there are some of each kind, and the kinds."""
    rows: set[str] = set()
    present: set[str] = set()
    wanted = set(key.kinds) & {"duplicates", "case variants"}
    filled = SQL(" AND ").join(SQL("{} IS NOT NULL").format(value_of(column)) for column in key.columns)
    number = parts(key.table.estimate or 0)
    for part in range(number):
        groups: dict[object, list[tuple[str, str]]] = {}
        for group, least, greatest in asking.rows(_twice(key, SQL("({}) AND {}").format(among, filled), number, part)):
            groups.setdefault(group, []).append((str(least), str(greatest)))
        for pairs in groups.values():
            kinds = {"duplicates"} if any(least != greatest for least, greatest in pairs) else set()
            kinds |= {"case variants"} if len(pairs) > 1 else set()
            present |= kinds
            rows |= {row for pair in pairs[:_EACH] for row in pair}
        if wanted <= present:
            break
    return rows, present & wanted


def _null(key: Key, among: Composable, asking: Asking) -> tuple[set[str], set[str]]:
    """Return two rows whose keys are equal where NULL equals NULL."""
    empty = SQL("({}) AND ({})").format(
        among, SQL(" OR ").join(SQL("{} IS NULL").format(value_of(column)) for column in key.columns)
    )
    if len(key.columns) == 1:
        statement = SQL("SELECT t.ctid::pg_catalog.text FROM ONLY {} AS t WHERE {} LIMIT 2").format(
            key.table.name, empty
        )
        rows = {str(ctid) for (ctid,) in asking.rows(statement)}
    else:
        found = asking.rows(_twice(key, empty, 1, 0))
        rows = {str(ctid) for _, *pair in found if pair[0] != pair[1] for ctid in pair}
    return (rows, {"duplicates of NULL"}) if len(rows) > 1 else (set(), set())


def _twice(key: Key, within: Composable, number: int, part: int) -> Composed:
    """Return the query for groups of rows that are alike: their number, and the first and last row of one spelling.

    Groups are told by 64 bits of a hash, so that memory does not depend on how long the keys are; of each kind a few
    are looked up again, and told apart by their exact values. OFFSET 0 keeps the hash from being computed twice.
    """
    columns = SQL(", ").join(map(value_of, key.columns))
    varied = "case variants" in key.kinds
    return SQL(
        "WITH twice AS MATERIALIZED (SELECT s.h, {varied} AS varied FROM (SELECT {folded} AS h{exact} "
        "FROM ONLY {table} AS t WHERE {within} OFFSET 0) AS s WHERE (s.h & {mask}) = {part} "
        "GROUP BY s.h HAVING pg_catalog.count(*) > 1), "
        "few AS MATERIALIZED ((SELECT w.h FROM twice AS w WHERE w.varied LIMIT {each}) "
        "UNION ALL (SELECT w.h FROM twice AS w WHERE NOT w.varied LIMIT {each})) "
        "SELECT pg_catalog.dense_rank() OVER (ORDER BY g.h), g.least::pg_catalog.text, g.greatest::pg_catalog.text "
        "FROM (SELECT o.h, pg_catalog.min(t.ctid) AS least, pg_catalog.max(t.ctid) AS greatest "
        "FROM ONLY {table} AS t JOIN few AS o ON o.h = {folded} WHERE {within} GROUP BY o.h, {columns}) AS g "
        "ORDER BY 1, 2"
    ).format(
        varied=SQL("pg_catalog.min(s.e) <> pg_catalog.max(s.e)" if varied else "false"),
        exact=SQL(", {} AS e").format(_hash(key, "exact")) if varied else SQL(""),
        folded=_hash(key, "folded" if varied else "exact"),
        columns=columns,
        table=key.table.name,
        within=within,
        mask=sql.Literal(number - 1),
        part=sql.Literal(part),
        each=sql.Literal(_EACH),
    )


def _hash(key: Key, how: str) -> Composable:
    """Return 64 bits of a key, as it is or without regard to case and blanks at its ends."""
    hashes = [_hash_of(column, how) for column in key.columns]
    if len(hashes) == 1:
        return hashes[0]
    return SQL("pg_catalog.hash_record_extended(ROW({}), 0)").format(SQL(", ").join(hashes))


def _hash_of(column: Column, how: str) -> Composable:
    value = value_of(column)
    if is_text(column):
        text = SQL("{}::pg_catalog.text").format(value)
        return SQL('pg_catalog.hashtextextended({} COLLATE pg_catalog."C", 0)').format(
            _folded(text) if how == "folded" else text
        )
    if base_name(column.base) in INTEGERS:
        return SQL("pg_catalog.hashint8extended({}::pg_catalog.int8, 0)").format(value)
    return SQL("pg_catalog.hash_record_extended(ROW({}), 0)").format(value)


def _folded(text: Composable) -> Composable:
    """Return a text in lower case, without blanks at its ends; ASCII, which most keys are, the quick way."""
    return SQL(
        "(CASE WHEN pg_catalog.octet_length({t}) = pg_catalog.length({t}) "
        'THEN pg_catalog.lower(pg_catalog.btrim({t}) COLLATE pg_catalog."C") COLLATE pg_catalog."C" '
        'ELSE pg_catalog.lower(pg_catalog.btrim({t}) COLLATE pg_catalog."default") COLLATE pg_catalog."C" END)'
    ).format(t=text)
