"""Sources are read gently; passwords are shown nowhere."""

from __future__ import annotations

import os

import psycopg
import pytest

from rehearse.db.connect import connect_source, connect_untouched, describe, normalise, redact
from rehearse.db.errors import PasswordNotEncoded, SourceUnreachable
from rehearse.db.queries import query
from rehearse.engine.server import Server
from rehearse.errors import RequestError


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PG")]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("default_transaction_read_only", "on"),
        ("transaction_read_only", "on"),
        ("transaction_isolation", "repeatable read"),
        ("statement_timeout", "5min"),
        ("lock_timeout", "2s"),
        ("idle_in_transaction_session_timeout", "10min"),
        ("jit", "off"),
    ],
)
def test_a_source_is_read_gently(server: Server, database: str, setting: str, value: str):
    with server.connect(database) as owner:
        owner.execute(f'ALTER DATABASE "{database}" SET jit = on')

    with connect_source(server.dsn(database)) as connection:
        row = connection.execute(f"SHOW {setting}").fetchone()

    assert row == (value,)


def test_a_source_cannot_be_written(server: Server, database: str):
    with connect_source(server.dsn(database)) as connection, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        connection.execute("CREATE TABLE t (id int)")


def test_a_session_that_did_not_begin_with_our_mark_is_left_as_it_is(server: Server, database: str):
    with psycopg.connect(server.dsn(database), options="-c rehearse.session=theirs", autocommit=True) as connection:
        asked = {"mark": "ours", "setting": "default_transaction_read_only", "wanted": "on"}
        changed = connection.execute(query("session/own").encode(), asked).fetchone()
        read_only = connection.execute("SHOW default_transaction_read_only").fetchone()

    assert changed == (None,)
    assert read_only == ("off",)


def test_settings_that_are_compared_are_those_everybody_gets(server: Server, database: str):
    with connect_untouched(server.dsn(database)) as connection:
        asked = "SELECT name FROM pg_settings WHERE source IN ('client', 'session') AND name <> 'application_name'"
        set_here = connection.execute(asked).fetchall()

    assert {name for (name,) in set_here} <= {"client_encoding", "transaction_read_only", "transaction_isolation"}


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("postgresql://me:hush@db:5433/shop", "postgresql://me@db:5433/shop"),
        ("postgresql+psycopg2://me:hush@db/shop", "postgresql://me@db/shop"),
        ("host=db dbname=shop user=me password=hush", "postgresql://me@db/shop"),
        ("postgresql:///shop?host=/run/postgresql", "postgresql:///run/postgresql/shop"),
        ("postgresql://me:hush@a,b:5433/shop", "postgresql://me@a,b:5433/shop"),
        ("host=a,b port=5433 dbname=shop", "postgresql://a:5433,b:5433/shop"),
        ("postgresql://me:hush@[2001:db8::7]/shop", "postgresql://me@[2001:db8::7]/shop"),
        ("postgresql://me:hu%2Fs%40h@db/shop?sslpassword=hush", "postgresql://me@db/shop"),
        ("service=prod password=hush", "service=prod"),
        ("postgresql://", "postgresql:///"),
    ],
)
def test_a_source_is_described_without_its_password(given: str, shown: str):
    assert describe(given) == shown


@pytest.mark.parametrize("nonsense", ["", "shop", "mysql://me@db/shop", "host"])
def test_what_is_no_source_is_refused(nonsense: str):
    with pytest.raises(RequestError):
        normalise(nonsense)


@pytest.mark.parametrize(
    "torn", ["postgresql://me:hu@sh@db/shop", "postgresql://me:hu/sh@db/shop", "postgresql://me:5/sh@db:5432/shop"]
)
def test_a_password_that_tears_its_url_is_not_shown(torn: str):
    with pytest.raises(PasswordNotEncoded, match="Percent-encode it") as refused:
        describe(torn)

    assert "sh@" not in str(refused.value)


@pytest.mark.parametrize(
    "whole", ["postgresql://me@db/sh%40op", "postgresql://@db/shop", "postgresql:///shop?host=@abstract&user=a@b"]
)
def test_an_at_sign_elsewhere_is_no_password(whole: str):
    assert normalise(whole)


def test_variables_complete_a_description(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PGHOST", "db")
    monkeypatch.setenv("PGUSER", "me")
    monkeypatch.setenv("PGPASSWORD", "hush")
    monkeypatch.setenv("PGSERVICE", "prod")

    assert describe("postgresql:///shop") == "postgresql://me@db/shop"
    assert describe("postgresql://other@elsewhere/shop") == "postgresql://other@elsewhere/shop"
    assert describe("postgresql://") == "service=prod"


@pytest.mark.parametrize(
    "nowhere", ["host=" + "a" * 70, "host=127.0.0.1,127.0.0.2 port=1,2,3", "host=127.0.0.1 port=0"]
)
def test_a_host_or_port_that_is_none_is_told(nowhere: str):
    with pytest.raises(SourceUnreachable):
        connect_source(nowhere)


def test_an_unreachable_source_says_where_and_hides_the_password():
    with pytest.raises(SourceUnreachable) as refused:
        connect_source("postgresql://me:hush@127.0.0.1:1/shop")

    assert "postgresql://me@127.0.0.1:1/shop" in str(refused.value)
    assert "hush" not in str(refused.value)


def test_a_password_is_taken_out_of_foreign_messages():
    url = "postgresql://me:hu%2Fsh@db/shop?sslpassword=hist"

    assert redact("no hu/sh, hu%2Fsh or hist for you", url) == "no ***, *** or *** for you"
