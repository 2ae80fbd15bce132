"""What the values of a column say, found out inside the source: only established codes come home."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.sql import SQL, Composable

from rehearse.catalog.relations import Column, Table
from rehearse.sanitise import treatments

_EXAMINED = 20_000  # rows
_MOST_CODES = 50
_LONGEST_CODE = 32
_CARRIED_BY = 20  # rows that share a value before it is nobody's own
_DIGITS = 7
_PERSONAL = (  # e-mail, phone or card number, IBAN, long hexadecimal or base64 secret
    r"[^@ ]+@[^@ ]+[.][^@ ]+|^[+]?[0-9 ()./-]{7,}$|^[A-Z]{2}[0-9]{2}[A-Z0-9]{10,30}$|^[A-Za-z0-9+/_-]{24,}$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the values showed, by column name."""

    codes: dict[str, tuple[str, ...]]  # columns that hold nothing but a few shared, short, impersonal values
    identifiers: frozenset[str]  # columns of near-unique numbers with seven digits or more


def gather(connection: psycopg.Connection, table: Table, columns: Iterable[Column]) -> Seen:
    """Examine up to 20,000 rows of a table; an empty or unreadable one shows nothing."""
    codes: dict[str, tuple[str, ...]] = {}
    identifiers: set[str] = set()
    if table.kind == "f" or not table.readable or table.row_security:
        return Seen(codes=codes, identifiers=frozenset())
    for column in columns:
        name = treatments.base_name(column.base)
        if column.category == "base" and name in treatments.TEXTS:
            found = _codes(connection, table, column)
            if found is not None:
                codes[column.name] = found
        elif column.category == "base" and name in treatments.NUMBERS and _is_identifier(connection, table, column):
            identifiers.add(column.name)
    return Seen(codes=codes, identifiers=frozenset(identifiers))


def _rows(table: Table, column: Column) -> Composable:
    """Return a subquery of the values examined: the first rows of a small table, spread pages of a large one."""
    share = 100 if not table.estimate else min(100.0, 100 * 2 * _EXAMINED / table.estimate)
    sampled = SQL("") if share >= 100 else SQL(" TABLESAMPLE SYSTEM ({}) REPEATABLE (1)").format(sql.Literal(share))  # noqa: PLR2004 - percent
    return SQL(
        '(SELECT {column}::pg_catalog.text COLLATE pg_catalog."C" AS v FROM ONLY {table}{sampled} LIMIT {most})'
    ).format(column=sql.Identifier(column.name), table=table.name, sampled=sampled, most=sql.Literal(_EXAMINED))


def _codes(connection: psycopg.Connection, table: Table, column: Column) -> tuple[str, ...] | None:
    asking = SQL(
        "SELECT CASE WHEN pg_catalog.count(*) BETWEEN 1 AND {most} AND pg_catalog.min(g.n) >= {carried} "
        "AND pg_catalog.max(pg_catalog.length(g.v)) <= {longest} AND NOT pg_catalog.bool_or(g.v ~ {personal}) "
        "THEN pg_catalog.array_agg(g.v ORDER BY g.v) END FROM (SELECT s.v, pg_catalog.count(*) AS n FROM {rows} AS s "
        "WHERE s.v IS NOT NULL GROUP BY s.v) AS g"
    ).format(
        most=sql.Literal(_MOST_CODES),
        carried=sql.Literal(_CARRIED_BY),
        longest=sql.Literal(_LONGEST_CODE),
        personal=sql.Literal(_PERSONAL),
        rows=_rows(table, column),
    )
    row = connection.execute(asking).fetchone()
    return None if row is None or row[0] is None else tuple(row[0])


def _is_identifier(connection: psycopg.Connection, table: Table, column: Column) -> bool:
    asking = SQL(
        "SELECT pg_catalog.count(DISTINCT s.v) > 0.9 * pg_catalog.count(s.v) AND pg_catalog.count(s.v) >= {carried} "
        "AND pg_catalog.avg(pg_catalog.length(pg_catalog.regexp_replace(s.v, '[.].*$|[^0-9]', '', 'g'))) >= {digits} "
        "FROM {rows} AS s"
    ).format(carried=sql.Literal(_CARRIED_BY), digits=sql.Literal(_DIGITS), rows=_rows(table, column))
    row = connection.execute(asking).fetchone()
    return bool(row and row[0])
