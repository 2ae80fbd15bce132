"""Privileges on what pg_dump does not restore: databases and tablespaces."""

from __future__ import annotations

from collections.abc import Iterable

import psycopg
from psycopg import sql
from psycopg.sql import SQL

from rehearse.db.queries import query
from rehearse.stages.deviation import Deviation

DATABASE, TABLESPACE = SQL("DATABASE"), SQL("TABLESPACE")


def as_production(
    connection: psycopg.Connection, kind: SQL, name: str, acl: Iterable[str], *, called: str
) -> tuple[Deviation, ...]:
    """Grant what access control items say; one that names a role the stage lacks is a deviation."""
    found = []
    for item in acl:
        try:
            granted = connection.execute(query("stage/privileges"), {"acl": [item]}).fetchall()
        except psycopg.errors.UndefinedObject:
            found.append(Deviation(sentence=f"Production grants {item} on {called}, to a role the stage lacks."))
            continue
        for grantee, privilege, option in granted:
            grant(connection, kind, name, grantee, privilege, option)
    return tuple(found)


def grant(
    connection: psycopg.Connection, kind: SQL, name: str, grantee: str | None, privilege: str, option: str = ""
) -> None:
    """Grant one privilege to a role, or to PUBLIC."""
    to = SQL("PUBLIC") if grantee is None else sql.Identifier(grantee)
    command = SQL("GRANT {} ON {} {} TO {} {}")
    connection.execute(command.format(SQL(privilege), kind, sql.Identifier(name), to, SQL(option)))
