"""Where the sequences of a stage stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from rehearse.catalog.errors import RowsNotCounted
from rehearse.db.identity import identifier
from rehearse.model.catalog import Catalog
from rehearse.model.identity import split

_BATCH = 50  # locks of one statement stay few


def read_positions(connection: psycopg.Connection[TupleRow], catalog: Catalog) -> dict[str, int]:
    """Return the number each sequence hands out next, by quoted identity.

    Expects the catalog of the same moment and a role that may read every sequence. Raises RowsNotCounted.
    """
    steps = {found.identity: int(found.text("increment")) for found in catalog.of_kind("sequence")}
    identities = list(steps)
    found: dict[str, int] = {}
    try:
        for start in range(0, len(identities), _BATCH):
            found |= _positions(connection, identities[start : start + _BATCH], steps)
    except psycopg.Error as error:
        raise RowsNotCounted(error) from error
    return found


def _positions(
    connection: psycopg.Connection[TupleRow], identities: Sequence[str], steps: Mapping[str, int]
) -> dict[str, int]:
    reading = sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT {}::pg_catalog.text, last_value, is_called FROM {}").format(
            sql.Literal(identity), identifier(identity)
        )
        for identity in identities
    )
    return {
        identity: last + steps[identity] if is_called else last
        for identity, last, is_called in connection.execute(reading)
    }


def highest(connection: psycopg.Connection[TupleRow], table: str, column: str, *, descending: bool) -> int | None:
    """Return the furthest number a column holds, in the direction its sequence counts. Raises RowsNotCounted."""
    furthest = sql.SQL("pg_catalog.min({})" if descending else "pg_catalog.max({})")
    reading = sql.SQL("SELECT {}::pg_catalog.int8 FROM {}").format(
        furthest.format(sql.Identifier(split(column)[-1])), identifier(table)
    )
    try:
        row = cast("tuple[int | None]", connection.execute(reading).fetchone())
    except psycopg.Error as error:
        raise RowsNotCounted(error) from error
    return row[0]
