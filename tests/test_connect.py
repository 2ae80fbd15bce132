"""Sources are read gently; passwords are shown nowhere."""

from __future__ import annotations

import psycopg
import pytest

from rehearse.db.connect import connect_source, describe, normalise, redact
from rehearse.db.errors import SourceUnreachable
from rehearse.engine.server import Server
from rehearse.errors import RequestError


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("default_transaction_read_only", "on"),
        ("transaction_read_only", "on"),
        ("transaction_isolation", "repeatable read"),
        ("statement_timeout", "5min"),
        ("lock_timeout", "2s"),
        ("idle_in_transaction_session_timeout", "10min"),
    ],
)
def test_a_source_is_read_gently(server: Server, database: str, setting: str, value: str):
    with connect_source(server.dsn(database)) as connection:
        row = connection.execute(f"SHOW {setting}").fetchone()

    assert row == (value,)


def test_a_source_cannot_be_written(server: Server, database: str):
    with connect_source(server.dsn(database)) as connection, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        connection.execute("CREATE TABLE t (id int)")


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("postgresql://me:hush@db:5433/shop", "postgresql://me@db:5433/shop"),
        ("postgresql+psycopg2://me:hush@db/shop", "postgresql://me@db/shop"),
        ("host=db dbname=shop user=me password=hush", "postgresql://me@db/shop"),
        ("postgresql:///shop?host=/run/postgresql", "postgresql:///run/postgresql/shop"),
    ],
)
def test_a_source_is_described_without_its_password(given: str, shown: str):
    assert describe(given) == shown


@pytest.mark.parametrize("nonsense", ["", "shop", "mysql://me@db/shop", "host"])
def test_what_is_no_source_is_refused(nonsense: str):
    with pytest.raises(RequestError):
        normalise(nonsense)


def test_an_unreachable_source_says_where_and_hides_the_password():
    with pytest.raises(SourceUnreachable) as refused:
        connect_source("postgresql://me:hush@127.0.0.1:1/shop")

    assert "postgresql://me@127.0.0.1:1/shop" in str(refused.value)
    assert "hush" not in str(refused.value)


def test_a_password_is_taken_out_of_foreign_messages():
    assert redact("no hush for you", "postgresql://me:hush@db/shop") == "no *** for you"
