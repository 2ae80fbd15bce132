"""What migration tools have recorded as applied."""

from __future__ import annotations

import psycopg
from psycopg import sql

from rehearse.db.identity import identifier
from rehearse.db.queries import query
from rehearse.model.facts import VersionTable

_MOST = 10_000  # tools that record every migration, not only the last


def version_tables(connection: psycopg.Connection) -> tuple[VersionTable, ...]:
    """Find the version tables that may be read, with what they hold, sorted."""
    found = connection.execute(query("facts/version_tables").encode()).fetchall()
    return tuple(
        VersionTable(table=table, tool=tool, heads=_heads(connection, table, column) if column else ())
        for table, tool, column in found
    )


def read_heads(connection: psycopg.Connection) -> dict[str, tuple[str, ...]]:
    """Return the heads of each version table by its quoted identity."""
    return {found.table: found.heads for found in version_tables(connection)}


def _heads(connection: psycopg.Connection, table: str, column: str) -> tuple[str, ...]:
    reading = sql.SQL("SELECT {column}::pg_catalog.text FROM {table} WHERE {column} IS NOT NULL LIMIT {most}").format(
        column=sql.Identifier(column), table=identifier(table), most=sql.Literal(_MOST)
    )
    return tuple(sorted(str(head) for (head,) in connection.execute(reading)))
