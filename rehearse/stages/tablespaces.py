"""Tablespaces of production on a stage: of the same names, all in the data directory of its server."""

from __future__ import annotations

import psycopg
from psycopg import sql

from rehearse.model.facts import Facts, TablespaceFacts
from rehearse.stages import grants
from rehearse.stages.deviation import Deviation


def create(connection: psycopg.Connection, facts: Facts) -> tuple[Deviation, ...]:
    """Make every tablespace, with owner and privileges, in the data directory (manual 20.17, Developer Options)."""
    if facts.tablespaces:
        connection.execute("SET allow_in_place_tablespaces = on")
    return tuple(deviation for found in facts.tablespaces for deviation in _create(connection, found))


def _create(connection: psycopg.Connection, found: TablespaceFacts) -> tuple[Deviation, ...]:
    make = sql.SQL("CREATE TABLESPACE {} OWNER {} LOCATION ''")
    connection.execute(make.format(sql.Identifier(found.name), sql.Identifier(found.owner)))
    called = f"the tablespace {found.name}"
    return grants.as_production(connection, grants.TABLESPACE, found.name, found.acl, called=called)
