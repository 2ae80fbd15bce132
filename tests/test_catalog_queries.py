"""Every file under sql/catalog/ returns the one shape the reader expects, on every server it is meant for."""

from __future__ import annotations

import pytest

from rehearse.db.queries import names, query
from rehearse.engine.server import Server

SHAPE = [("identity", "text"), ("belongs_to", "text"), ("physical", "text"), ("attributes", "jsonb")]


@pytest.mark.parametrize("name", names("catalog"))
def test_a_query_returns_the_shape_on_the_newest_server(name: str, server: Server, database: str):
    assert described(server, database, query(name, server.binaries.major)) == SHAPE


@pytest.mark.parametrize("name", names("catalog"))
def test_a_query_returns_the_shape_on_fifteen(name: str, server15: Server, database15: str):
    assert described(server15, database15, query(name, 15)) == SHAPE


def described(server: Server, database: str, text: str) -> list[tuple[str, str]]:
    with server.connect(database) as connection:
        columns = connection.execute(text.encode()).description or ()
        return [(column.name, column.type_display) for column in columns]


@pytest.mark.parametrize("name", names("catalog"))
def test_a_query_says_what_it_is_for(name: str):
    purpose, needs, returns = query(name).splitlines()[:3]

    assert purpose.startswith("-- purpose: describe ")
    assert needs == "-- needs: CONNECT"
    assert returns == "-- returns: identity, belongs_to, physical, attributes"
