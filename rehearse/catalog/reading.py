"""Reading the description of every object of a database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow, tuple_row
from psycopg.types.json import set_json_loads

from rehearse.catalog.errors import CatalogUnreadable
from rehearse.db.queries import names, query
from rehearse.model.catalog import Catalog, CatalogObject

FOLDER = "catalog"
_PIN = "session/pinned"


def read(connection: psycopg.Connection[TupleRow], server_major: int) -> Catalog:
    """Describe every object of the connected database as of one moment, sorted by kind and identity.

    System objects, those of extensions and the tool's own are left out. An open transaction is read
    in its own snapshot and left as it was found; else a read-only one is opened and closed. Names in
    definitions are fully qualified, whatever the session's settings. Raises CatalogUnreadable.
    """
    found: list[CatalogObject] = []
    with _one_snapshot(connection):
        _rows(connection, _PIN, server_major)
        for name in names(FOLDER):
            found.extend(_described(connection, name, server_major))
    return Catalog(objects=tuple(sorted(found, key=lambda entry: (entry.kind, entry.identity))))


@contextmanager
def _one_snapshot(connection: psycopg.Connection[TupleRow]) -> Iterator[None]:
    """Open a transaction, or a savepoint in the caller's; rolled back, so that the pinned settings end with it."""
    idle = connection.info.transaction_status == TransactionStatus.IDLE
    with connection.transaction(force_rollback=True):
        if idle:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _described(connection: psycopg.Connection[TupleRow], name: str, server_major: int) -> list[CatalogObject]:
    kind = name.removeprefix(f"{FOLDER}/")
    return [
        CatalogObject(kind=kind, identity=identity, table=belongs_to, physical=physical, attributes=attributes)
        for identity, belongs_to, physical, attributes in _rows(connection, name, server_major)
    ]


def _rows(connection: psycopg.Connection[TupleRow], name: str, server_major: int) -> list[TupleRow]:
    from pydantic_core import from_json  # noqa: PLC0415 - three times as fast as json; nobody else here needs it

    try:
        with connection.cursor(row_factory=tuple_row) as cursor:
            set_json_loads(from_json, cursor)
            return cursor.execute(query(name, server_major).encode()).fetchall()
    except psycopg.Error as error:
        raise CatalogUnreadable(name, error) from error
