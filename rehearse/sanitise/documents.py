"""Keys of documents and maps: those that many rows share are names of fields, any other may be somebody's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import psycopg
from psycopg import sql
from psycopg.sql import SQL

from rehearse.catalog.relations import Table
from rehearse.sanitise import masks
from rehearse.sanitise.classify import Treatment

CARRIED_BY = 20  # rows, as with codes
EXAMINED = 5_000  # rows
_CHARACTERS = 20_000  # of one document
_MOST = 500
# What follows a string that is a key, in the text of a value of the type.
_FOLLOWED_BY = MappingProxyType({"json": r"\s*:", "hstore": "=>"})


def keep_keys(connection: psycopg.Connection, table: Table, treated: tuple[Treatment, ...]) -> tuple[Treatment, ...]:
    """Let the documents and maps of a table keep the keys that 20 rows or more of those examined have.

    Those keys are all that comes home, plain words every one of them; other keys are masked as the values are.
    """
    return tuple(_keeping(connection, table, found) if _is_document(found) else found for found in treated)


def _is_document(found: Treatment) -> bool:
    return found.record.mask in _FOLLOWED_BY and found.column.category == "base"


def _keeping(connection: psycopg.Connection, table: Table, found: Treatment) -> Treatment:
    keys = _shared(connection, table, found)
    parts: Mapping[str, masks.Part] = {"keys": sql.Literal(list(keys))}
    return replace(found, mask=masks.mask(found.record.mask, parts))


def _shared(connection: psycopg.Connection, table: Table, found: Treatment) -> tuple[str, ...]:
    string = rf'("(?:[^"\\]|\\.)*")({_FOLLOWED_BY[found.record.mask]})?'
    asking = SQL(
        "SELECT k.name FROM (SELECT pg_catalog.btrim(s.m[1], {quote}) AS name, d.place "
        "FROM (SELECT t.ctid AS place, pg_catalog.left(t.{column}::pg_catalog.text, {characters}) AS v "
        "FROM ONLY {table} AS t WHERE t.{column} IS NOT NULL LIMIT {rows}) AS d, "
        "LATERAL pg_catalog.regexp_matches(d.v, {string}, 'g') AS s (m) WHERE s.m[2] IS NOT NULL) AS k "
        "WHERE k.name ~ {plain} GROUP BY k.name HAVING pg_catalog.count(DISTINCT k.place) >= {carried} "
        "ORDER BY pg_catalog.count(DISTINCT k.place) DESC, k.name LIMIT {most}"
    ).format(
        quote=sql.Literal('"'),
        column=sql.Identifier(found.column.name),
        characters=sql.Literal(_CHARACTERS),
        table=table.name,
        rows=sql.Literal(EXAMINED),
        string=sql.Literal(string),
        plain=sql.Literal("^[A-Za-z_][A-Za-z_0-9-]{0,39}$"),
        carried=sql.Literal(CARRIED_BY),
        most=sql.Literal(_MOST),
    )
    return tuple(str(name) for (name,) in connection.execute(asking))
