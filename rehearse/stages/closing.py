"""Closing: once a stage of our own stands, who migrates gets into one database of its server, and as nobody else."""

from __future__ import annotations

import secrets

import psycopg
from psycopg import sql

from rehearse.engine.server import Server
from rehearse.stages import settings
from rehearse.stages.roles import SUPERUSER


def close(connection: psycopg.Connection, server: Server, database: str) -> None:
    """Ask a password of the superuser and admit the others to one database only (manual 20.1, pg_hba.conf).

    The original and the databases of the system are out of reach, and so is the superuser: who has its rights could
    have the server run programs. The connection is one of the superuser.
    """
    assert server.passfile is not None, "only a secluded server is closed"
    password = secrets.token_hex(16)
    server.passfile.touch(mode=0o600)
    server.passfile.write_text(f"*:*:*:*:{password}\n", encoding="utf-8")
    verifier = connection.pgconn.encrypt_password(password.encode(), SUPERUSER.encode(), b"scram-sha-256").decode()
    connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(SUPERUSER), verifier))
    server.hba_file.write_text(
        f"local all {SUPERUSER} scram-sha-256\nlocal {_quoted(database)} all trust\n", encoding="utf-8"
    )
    settings.reload(connection, server.dsn(connection.info.dbname))


def _quoted(database: str) -> str:
    """Return a name as pg_hba.conf has it; one it could not hold, or would read as a pattern, stands for all."""
    if "\n" in database or database.startswith("/"):
        return "all"
    doubled = database.replace('"', '""')
    return f'"{doubled}"'
