"""Tablespaces of production on a stage: of the same names, all in the data directory of its server."""

from __future__ import annotations

import psycopg
from psycopg import sql

from rehearse.db.queries import query
from rehearse.model.facts import Facts, TablespaceFacts


def create(connection: psycopg.Connection, facts: Facts) -> None:
    """Make every tablespace, with owner and privileges, in the data directory (manual 20.17, Developer Options)."""
    if facts.tablespaces:
        connection.execute("SET allow_in_place_tablespaces = on")
    for found in facts.tablespaces:
        _create(connection, found)


def _create(connection: psycopg.Connection, found: TablespaceFacts) -> None:
    name = sql.Identifier(found.name)
    connection.execute(sql.SQL("CREATE TABLESPACE {} OWNER {} LOCATION ''").format(name, sql.Identifier(found.owner)))
    acl = list(found.acl)
    granted = connection.execute(query("stage/privileges"), {"acl": acl}).fetchall() if acl else []
    for grantee, privilege, option in granted:
        to = sql.SQL("PUBLIC") if grantee is None else sql.Identifier(grantee)
        grant = sql.SQL("GRANT {} ON TABLESPACE {} TO {} {}")
        connection.execute(grant.format(sql.SQL(privilege), name, to, sql.SQL(option)))
