"""Names of NOT NULL constraints: pg_dump leaves out those PostgreSQL would choose, and it may choose another.

It takes the next free one in the schema, and a table made LIKE this one may have been restored with the name.
"""

from __future__ import annotations

import psycopg
from psycopg import sql

from rehearse.db.identity import identifier
from rehearse.model.change import SchemaChange
from rehearse.model.identity import not_null_name

_NAME = "not_null_name"  # of a column's attributes, from PostgreSQL 18 on; null where PostgreSQL chose it


def given_back(connection: psycopg.Connection, change: SchemaChange) -> bool:
    """Say whether only such a name differs, and the constraint has got production's now."""
    if change.table is None or change.action != "altered" or set(change.after or ()) != {_NAME}:
        return False
    given = ((side or {}).get(_NAME) for side in (change.after, change.before))
    names = (not_null_name(change.table, change.object, None if name is None else str(name)) for name in given)
    rename = sql.SQL("ALTER TABLE {} RENAME CONSTRAINT {} TO {}").format(
        identifier(change.table), *map(sql.Identifier, names)
    )
    try:
        connection.execute(rename)
    except psycopg.Error:  # a name that PostgreSQL cut to 63 bytes, or one that is taken
        return False
    return True
