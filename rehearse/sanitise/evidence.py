"""What the values of a column say, found out inside the source: only established codes come home."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import psycopg
from psycopg import sql
from psycopg.sql import SQL, Composable, Composed

from rehearse.catalog.relations import MOMENTS, Column, Table
from rehearse.sanitise import treatments
from rehearse.sanitise.detectors import Detector, detectors
from rehearse.sanitise.examined import ROWS, examined

_CARRIED_BY = 20  # rows that share a value before it is nobody's own
_MOST_CODES = 50
_LONGEST_CODE = 32
_DIGITS = 7
_READ_OF_A_VALUE = 4_096  # characters
_WIDEST = 100_000  # bytes of a value as stored; a wider one is not read
_COLUMNS = 4  # in one statement
_COLUMNS_OF_A_SMALL_TABLE = 16
_SMALL = 32 * 8_192  # bytes of heap
_WEIGHED = 2_000  # values of a large table in which patterns are looked for that prove nothing one by one
_PATIENCE = ("5s", "2s")  # of the statements: for all rows to be examined, then for a tenth of them
_TENTH = 10
_NOT_JUDGED_BY_VALUE = MOMENTS | treatments.TIMES | treatments.RANGES | {
    "smallint", "real", "double precision",
    "boolean", "bit", "bit varying", "uuid", "bytea", "inet", "cidr", "macaddr", "macaddr8",
}  # fmt: skip
_PERSONAL = r"^[+]?[0-9 ()./-]{7,}$|^[A-Za-z0-9+/_-]{24,}$"  # like a number that people have, or a secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """How many values of a column one detector has found something in."""

    detector: Detector
    values: int
    whole: int  # of them: it is all there is in the value, or nearly

    @property
    def is_proof(self) -> bool:
        return self.detector.is_proof


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the values of one column showed."""

    values: int = 0  # that were not NULL
    weighed: int = 0  # of these: they were looked at for what proves nothing one by one
    distinct: int = 0
    smallest: int = 0  # rows that share the rarest value
    cut: int = 0  # values that were not read to their end
    words: float = 0.0  # in a value, on average
    digits: float = 0.0  # in a number before its point, on average
    codes: tuple[str, ...] | None = None  # a few shared, short, impersonal values: all there are
    hits: Mapping[str, Hit] = field(default_factory=dict)  # by detector

    @property
    def is_identifier(self) -> bool:
        """Say whether these are near-unique numbers of seven digits or more."""
        return self.values >= _CARRIED_BY and self.distinct > 0.9 * self.values and self.digits >= _DIGITS

    def among(self, hit: Hit) -> int:
        """Return among how many values a hit was sought."""
        return self.values if hit.is_proof else self.weighed

    def share(self, hit: Hit) -> float:
        return hit.values / self.among(hit) if self.among(hit) else 0.0


def gather(
    connection: psycopg.Connection, table: Table, columns: Iterable[Column], coded: frozenset[str]
) -> dict[str, Seen]:
    """Examine up to 20,000 rows of a table, by name of column; an empty or unreadable one shows nothing.

    Of the columns in `coded` the values come home if they are established codes, of the others none does.
    Few columns in a statement, and a statement gives up after five seconds: what was not seen is not vouched for.
    """
    judged = [column for column in columns if is_judged(column)]
    if table.kind == "f" or not table.readable or table.row_security or table.absent or _is_empty(table):
        return {}
    found: dict[str, Seen] = {}
    together = _COLUMNS_OF_A_SMALL_TABLE if table.heap_bytes <= _SMALL else _COLUMNS
    for start in range(0, len(judged), together):
        found.update(_examine(connection, table, judged[start : start + together], coded))
    return found


def _is_empty(table: Table) -> bool:
    """Say whether there is nothing to see; a table never analysed may have been given no size."""
    return not table.heap_bytes and table.estimate is not None


def is_judged(column: Column) -> bool:
    """Say whether the values of a column could tell more than its type does."""
    name = treatments.base_name(column.element if column.category == "array" and column.element else column.base)
    return column.category in ("base", "array", "composite") and not column.element_is_enum and (
        name not in _NOT_JUDGED_BY_VALUE
    )  # fmt: skip


def _examine(
    connection: psycopg.Connection, table: Table, columns: list[Column], coded: frozenset[str]
) -> dict[str, Seen]:
    for attempt, patience in enumerate(_PATIENCE):
        try:
            with connection.transaction(force_rollback=True):  # the settings end with it
                connection.execute(
                    SQL("SET LOCAL statement_timeout = {}; SET LOCAL work_mem = '64MB'").format(sql.Literal(patience))
                )
                rows = connection.execute(_question(table, columns, coded, _TENTH**attempt)).fetchall()
        except (psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable):
            continue
        except (psycopg.errors.FeatureNotSupported, psycopg.errors.DataError, psycopg.errors.UndefinedFunction):
            break  # a type that cannot be written as text, an access method without ctids, a view without data
        return {columns[row[0] - 1].name: _seen(row) for row in rows}
    return {}


def _seen(row: tuple[object, ...]) -> Seen:
    _, values, distinct, smallest, cut, words, digits, codes, hits, whole, weighed = row
    assert isinstance(hits, list)
    assert isinstance(whole, list)
    counted = zip(detectors(), hits, whole, strict=True)
    return Seen(
        values=int(str(values)),
        weighed=int(str(weighed)),
        distinct=int(str(distinct)),
        smallest=int(str(smallest)),
        cut=int(str(cut)),
        words=float(str(words)),
        digits=float(str(digits)),
        codes=tuple(codes) if isinstance(codes, list) else None,
        hits={each.name: Hit(detector=each, values=found, whole=all_) for each, found, all_ in counted if found},
    )


def _question(table: Table, columns: list[Column], coded: frozenset[str], divisor: int) -> Composed:
    """Return one statement for several columns: their values in one list, equal ones judged once."""
    return SQL(
        "SELECT g.n, pg_catalog.sum(g.c)::pg_catalog.int8, pg_catalog.count(*), pg_catalog.min(g.c), "
        "COALESCE(pg_catalog.sum(g.c) FILTER (WHERE pg_catalog.length(g.v) >= {read}), 0)::pg_catalog.int8, "
        "COALESCE(pg_catalog.avg(1 + pg_catalog.length(g.v) "
        "- pg_catalog.length(pg_catalog.replace(g.v, ' ', ''))) FILTER (WHERE g.j), 0), "
        "COALESCE(pg_catalog.avg(pg_catalog.length(pg_catalog.regexp_replace(g.v, '[.].*$|[^0-9]', '', 'g'))) "
        "FILTER (WHERE g.j AND g.n = ANY ({numbers})), 0), "
        "CASE WHEN g.n = ANY ({coded}) AND pg_catalog.count(*) <= {most} AND pg_catalog.min(g.c) >= {carried} "
        "AND pg_catalog.max(pg_catalog.length(g.v)) <= {longest} "
        "AND NOT pg_catalog.bool_or(CASE WHEN g.c >= {carried} THEN g.v ~ {personal} OR {anything} END) "
        "THEN pg_catalog.array_agg(g.v ORDER BY g.v) "
        "FILTER (WHERE g.c >= {carried} AND pg_catalog.length(g.v) <= {longest} AND g.n = ANY ({coded})) END, "
        "ARRAY[{hits}], ARRAY[{whole}], COALESCE(pg_catalog.sum(g.c) FILTER (WHERE g.j), 0)::pg_catalog.int8 "
        "FROM (SELECT d.n, d.v, pg_catalog.count(*) AS c, "
        "pg_catalog.count(*) >= {carried} OR pg_catalog.mod(pg_catalog.hashtext(d.v), {share}) = 0 AS j "
        "FROM {rows} AS t "
        "CROSS JOIN LATERAL (VALUES {values}) AS d (n, v) WHERE d.v IS NOT NULL GROUP BY d.n, d.v) AS g "
        "CROSS JOIN LATERAL (SELECT {found}, 4 * pg_catalog.length(pg_catalog.btrim(g.v)) AS nearly_all OFFSET 0) AS f "
        "GROUP BY g.n"
    ).format(
        read=sql.Literal(_READ_OF_A_VALUE),
        numbers=_places(columns, treatments.NUMBERS),
        coded=_places([column if column.name in coded else None for column in columns], treatments.TEXTS),
        most=sql.Literal(_MOST_CODES),
        carried=sql.Literal(_CARRIED_BY),
        longest=sql.Literal(_LONGEST_CODE),
        personal=sql.Literal(_PERSONAL),
        anything=SQL(" OR ").join(map(_hit, detectors())),
        hits=SQL(", ").join(_counted(_hit(each)) for each in detectors()),
        whole=SQL(", ").join(_counted(_whole(each)) for each in detectors()),
        rows=examined(table, columns, divisor),
        share=sql.Literal(max(1, min(table.estimate or 0, ROWS) // _WEIGHED)),
        values=SQL(", ").join(_value(number, column) for number, column in enumerate(columns, start=1)),
        found=SQL(", ").join(
            SQL("{} AS {}").format(_looked_for(each), sql.Identifier(each.name)) for each in detectors()
        ),
    )


def _looked_for(detector: Detector) -> Composable:
    """Return what finds proof in every value, anything else in some of many: a share can be told from those."""
    found = detector.found(SQL("g.v"))
    return found if detector.is_proof else SQL("CASE WHEN g.j THEN {} END").format(found)


def _hit(detector: Detector) -> Composable:
    return SQL("f.{} IS NOT NULL").format(sql.Identifier(detector.name))


def _whole(detector: Detector) -> Composable:
    return SQL("5 * f.{} >= f.nearly_all").format(sql.Identifier(detector.name))  # four fifths, in whole numbers


def _counted(condition: Composable) -> Composable:
    return SQL("COALESCE(pg_catalog.sum(g.c) FILTER (WHERE {}), 0)::pg_catalog.int8").format(condition)


def _value(number: int, column: Column) -> Composable:
    return SQL(
        "({}, CASE WHEN pg_catalog.pg_column_size(t.{name}) <= {widest} "
        'THEN pg_catalog.left(t.{name}::pg_catalog.text, {read}) END COLLATE pg_catalog."C")'
    ).format(
        sql.Literal(number),
        name=sql.Identifier(column.name),
        widest=sql.Literal(_WIDEST),
        read=sql.Literal(_READ_OF_A_VALUE),
    )


def _places(columns: Sequence[Column | None], types: frozenset[str]) -> Composable:
    """Return the numbers of the columns that have one of some types."""
    listed = [
        number
        for number, column in enumerate(columns, start=1)
        if column is not None and column.category == "base" and treatments.base_name(column.base) in types
    ]
    return SQL("{}::pg_catalog.int4[]").format(sql.Literal(listed))
