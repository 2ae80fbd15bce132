"""What the tables of a stage hold, as checksums: no value leaves the server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import cast

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from rehearse.catalog.errors import RowsNotCounted
from rehearse.db.identity import identifier
from rehearse.db.queries import query
from rehearse.model.catalog import Catalog
from rehearse.model.downgrade import ColumnContents, TableContents
from rehearse.model.identity import split

# sum of a hash of each value, whatever the order of the rows
HASHED = sql.SQL('COALESCE(pg_catalog.sum(pg_catalog.hashtextextended(ROW({})::pg_catalog.text COLLATE "C", 0)), 0)')
VALUES = sql.SQL("pg_catalog.count({})")


def read_contents(connection: psycopg.Connection[TupleRow], catalog: Catalog) -> dict[str, TableContents]:
    """Return the contents of every ordinary table and leaf partition, by quoted identity.

    Equal for equal multisets of rows. A value counts as its type writes it, whatever the session's settings, NULL as
    itself. Expects a connection that row security does not restrict, and the catalog of the same moment. Raises
    RowsNotCounted.
    """
    columns = _columns(catalog)
    try:
        with pinned(connection):
            tables = connection.execute(query("counting/tables").encode()).fetchall()
            return {
                identity: _contents(connection, identity, columns.get(identity, ()))
                for _schema, _name, identity, _root, countable in tables
                if countable
            }
    except psycopg.Error as error:
        raise RowsNotCounted(error) from error


@contextmanager
def pinned(connection: psycopg.Connection[TupleRow]) -> Iterator[None]:
    """Have every value written the same way, times in UTC, until the context is left."""
    with connection.transaction(force_rollback=True):
        connection.execute(query("session/pinned").encode())
        yield


def _columns(catalog: Catalog) -> Mapping[str, tuple[str, ...]]:
    """Return the names of each table's columns, sorted, for their order is not what a table holds."""
    found: dict[str, list[str]] = {}
    for column in catalog.of_kind("column"):
        found.setdefault(column.table or "", []).append(split(column.identity)[-1])
    return {table: tuple(sorted(names)) for table, names in found.items()}


def _contents(connection: psycopg.Connection[TupleRow], table: str, columns: Sequence[str]) -> TableContents:
    names = [sql.Identifier("t", column) for column in columns]
    asked = [
        sql.SQL("pg_catalog.count(*)"),
        HASHED.format(sql.SQL(", ").join(names)),
        *(part.format(name) for name in names for part in (VALUES, HASHED)),
    ]
    reading = sql.SQL("SELECT {} FROM ONLY {} AS t").format(sql.SQL(", ").join(asked), identifier(table))
    row = cast("tuple[int, ...]", connection.execute(reading).fetchone())
    number, checksum, *told = (int(value) for value in row)
    pairs = zip(told[::2], told[1::2], strict=True)
    return TableContents(
        rows=number,
        checksum=checksum,
        columns={
            column: ColumnContents(values=values, checksum=hashed)
            for column, (values, hashed) in zip(columns, pairs, strict=True)
        },
    )
