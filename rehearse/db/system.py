"""What a server is, however it is reached."""

from __future__ import annotations

import psycopg

from rehearse.db.queries import query


def system_identifier(connection: psycopg.Connection) -> str | None:
    """Return the system identifier of the server's data, which its standbys share; None where it may not be read.

    A transaction that is open goes on either way.
    """
    try:
        with connection.transaction():
            row = connection.execute(query("facts/system_identifier").encode()).fetchone()
    except psycopg.errors.InsufficientPrivilege:
        return None
    return None if row is None else str(row[0])
