"""What a server, a snapshot or a failure is as one side of a comparison."""

from __future__ import annotations

import psycopg
from psycopg.rows import dict_row

from rehearse.db.connect import describe
from rehearse.db.queries import query
from rehearse.errors import RehearseError
from rehearse.model.comparison import Side
from rehearse.model.environment import Environment
from rehearse.model.snapshot import Snapshot


def of_server(connection: psycopg.Connection, environment: Environment) -> Side:
    assert environment.url is not None
    with connection.cursor(row_factory=dict_row) as cursor:
        server = cursor.execute(query("facts/server").encode()).fetchone()
    assert server is not None
    return Side(
        name=environment.name,
        place=describe(environment.url),
        server_version=server["version"].split()[0],
        read_at=server["taken_at"],
        in_recovery=server["in_recovery"],
    )


def of_snapshot(name: str, snapshot: Snapshot) -> Side:
    return Side(
        name=name,
        place=str(snapshot.directory),
        server_version=snapshot.facts.server_version.split()[0],
        read_at=snapshot.facts.taken_at,
        in_recovery=snapshot.facts.in_recovery,
    )


def failed(environment: Environment, error: RehearseError) -> Side:
    place = describe(environment.url) if environment.url else environment.snapshot or ""
    return Side(name=environment.name, place=place, failure=error.sentence)
