"""Which of production's settings come along, and how they are written."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import sql

from rehearse.engine.server import Server
from rehearse.stages import settings


@pytest.mark.parametrize(
    "name",
    ["log_statement", "log_min_duration_statement", "event_triggers", "session_replication_role", "lc_messages",
     "session_preload_libraries", "track_counts", "extension_control_path", "rehearse.token", "LOG_LOCK_WAITS"],
)  # fmt: skip
def test_what_would_silence_the_watch_is_recognised(name: str):
    assert settings.silences_the_watch(name)


@pytest.mark.parametrize("name", ["search_path", "statement_timeout", "work_mem", "client_min_messages", "app.tenant"])
def test_everything_else_is_harmless(name: str):
    assert not settings.silences_the_watch(name)


@pytest.mark.parametrize(
    ("stored", "written"),
    [
        ('"$user", public', "'$user', 'public'"),
        ('"Odd, ""one""", public', "'Odd, \"one\"', 'public'"),
        ('""', "''"),
        ("", "''"),
        ('Public, "Odd"', "'public', 'Odd'"),
    ],
)
def test_a_list_is_written_item_by_item(stored: str, written: str):
    assert settings.value("search_path", stored).as_string() == written


def test_other_settings_are_one_literal():
    assert settings.value("DateStyle", "ISO, DMY").as_string() == "'ISO, DMY'"


def test_only_numbers_reach_the_command_line_of_the_server():
    found = settings.at_start({
        "max_locks_per_transaction": "256", "max_prepared_transactions": "x", "TimeZone": "Europe/Berlin",
    })  # fmt: skip

    assert found == {"max_locks_per_transaction": "256"}


def test_what_the_server_refuses_is_named_and_the_rest_applied(server: Server, database: str):
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        target = sql.SQL("ALTER DATABASE {}").format(sql.Identifier(database))

        found = settings.apply(
            connection,
            target,
            {"lock_timeout": "3s", "log_statement": "none", "nonsense": "1", "a.b": "x'y"},
            whose="Production's database",
        )

    with psycopg.connect(server.dsn(database), autocommit=True) as connection:
        row = connection.execute("SHOW lock_timeout").fetchone()
        own = connection.execute("SHOW a.b").fetchone()
    assert [deviation.sentence for deviation in found] == [
        "Production's database sets log_statement: left out, it would disturb the observation.",
        (
            "Production's database sets nonsense = 1: left out, the stage says: "
            'unrecognized configuration parameter "nonsense"'
        ),
    ]
    assert (row, own) == (("3s",), ("x'y",))
