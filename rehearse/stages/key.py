"""The key: once a stage stands, nobody gets in as the superuser of its server without it.

Whoever migrates is let in by the socket alone, and so would be whoever calls himself by the superuser's name: nothing
that is done under it is observed.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from rehearse.engine.server import Server
from rehearse.stages import settings
from rehearse.stages.roles import SUPERUSER

_RULES = f"local all {SUPERUSER} scram-sha-256\nlocal all all trust\n"  # manual 21.1, The pg_hba.conf File


def turned(connection: psycopg.Connection, running: Server) -> Path:
    """Lock the superuser's way in; return the password file that opens it, which nobody but us may read."""
    password = secrets.token_urlsafe(24)
    key = running.root / "key"
    with os.fdopen(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"*:*:*:{SUPERUSER}:{password}\n")
    verifier = connection.pgconn.encrypt_password(password.encode(), SUPERUSER.encode(), b"scram-sha-256").decode()
    connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(SUPERUSER), verifier))
    (running.data_dir / "pg_hba.conf").write_text(_RULES, encoding="utf-8")
    settings.reload(connection, with_key(running.dsn(), key))
    return key


def with_key(dsn: str, key: Path) -> str:
    """Return the conninfo of the superuser with the file that lets him in."""
    return make_conninfo(dsn, passfile=str(key))
