"""What is known of a statement without any right: what its text and the server's own words tell, or an open point.

Every fourth row of the table of tests/test_watch_commands.py, by a role that owns the database and nothing else;
tests/benchmarks/heard.py goes through all of them.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import psycopg
import pytest
import test_watch_commands as table
from test_watch_commands import KINDS, Kind

from rehearse.engine.server import Server
from rehearse.model.stage import Stage, StageAddress
from rehearse.model.timeline import LockMode, Timeline, WorkKind
from rehearse.stages import door
from rehearse.stages.hearing import TALKATIVE, Hearing
from rehearse.stages.upstream import Upstream
from rehearse.watch import heard, watching
from rehearse.watch.samples import Samples

SHARE = {"max_parallel_workers_per_gather": "0", "max_parallel_maintenance_workers": "0"}
# locks that stop nobody but who wants to lock the whole table: they are left to the samples
WEAK = (LockMode.ROW_SHARE, LockMode.ROW_EXCLUSIVE, LockMode.SHARE_UPDATE_EXCLUSIVE)
# reads beside a check of foreign keys, dead rows, what cursors read, parents of partitions, views that go along
APPROXIMATE = {
    "create an index behind an update",
    "delete from a referenced table",
    "update a key others refer to",
    "update in a with",
    "merge into a partitioned table",
    "a cursor for update",
    "drop a table",
    "update from another table",  # a part of an index was walked, which no counter of the table tells
    "select for key share of one",  # likewise
}


@contextmanager
def ground(server: Server, name: str) -> Iterator[None]:
    """Make a database that is owned by a role of its name, with the tables."""
    with server.connect() as admin:
        admin.execute("SET allow_in_place_tablespaces = on")
        admin.execute(f"CREATE ROLE {name} LOGIN")
        admin.execute("CREATE TABLESPACE elsewhere LOCATION ''")
        admin.execute(f"GRANT CREATE ON TABLESPACE elsewhere TO {name}")
        admin.execute(f"CREATE DATABASE {name} OWNER {name} TEMPLATE template0 STRATEGY FILE_COPY")
    with psycopg.connect(server.dsn(name, user=name), autocommit=True) as connection:
        connection.execute(table.TABLES.encode())
        connection.execute("ANALYZE")
    try:
        yield
    finally:
        with server.connect() as admin:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
            admin.execute("DROP TABLESPACE elsewhere")
            admin.execute(f"DROP ROLE {name}")


@contextmanager
def listened(server: Server, template: str) -> Iterator[Stage]:
    """Make a copy of a database, to be reached through a door that hears."""
    name, hearing = f"heard_{uuid.uuid4().hex[:12]}", Hearing()
    with server.connect() as admin:
        admin.execute(f"CREATE DATABASE {name} OWNER {template} TEMPLATE {template} STRATEGY FILE_COPY")
    dsn = server.dsn(name, user=template)
    with psycopg.connect(dsn) as connection:
        upstream = Upstream.of(connection, database=name, user=template, password="")
    options = " ".join(f"-c {setting}={value}" for setting, value in {**TALKATIVE, **SHARE}.items())
    try:
        with door.opened(upstream, options, hearing) as way:
            yield Stage(
                provider="server",
                address=StageAddress(socket_dir=way.socket_dir, port=way.port, database=name, user=template, token=""),
                admin=dsn,
                log_file=None,
                server_version_num=server.binaries.major * 10000,
                server_version=server.binaries.version,
                conversations=hearing.conversations,
            )
    finally:
        with server.connect() as admin:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def told(stage: Stage, row: Kind) -> tuple[str | None, Timeline]:
    """Play a row; return how it failed and what was told of it."""
    with watching(stage) as watch:
        with psycopg.connect(stage.address.url, autocommit=row.lone) as connection:
            code = table.play(connection, row)
            if not row.lone:
                connection.rollback() if code else connection.commit()
        return code, watch.timeline()


def is_as_it_was(stage: Stage, row: Kind, code: str | None, timeline: Timeline) -> bool:
    """Say whether the blocking locks and the work are those of the table."""
    locks = table.locks(timeline, until_the_end=code is None and not row.lone)
    expected = table.expected(stage, row)
    strong, wanted = ({name: mode for name, mode in each.items() if mode not in WEAK} for each in (locks, expected))
    return strong == wanted and table.work(timeline) == row.work


@pytest.fixture(scope="module")
def owner(server15: Server) -> Iterator[str]:
    name = f"owner_{uuid.uuid4().hex[:12]}"
    with ground(server15, name):
        yield name


@pytest.mark.parametrize("row", [row for row in KINDS if row.since <= 15][::4], ids=lambda row: row.name)
def test_a_statement_is_told_as_it_is_or_left_open(
    server15: Server, owner: str, row: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Samples, "by_statement", lambda *_: {})  # whether a sample sees a lock is chance

    with listened(server15, owner) as stage:
        code, timeline = told(stage, row)

    assert code == row.fails
    assert timeline.gaps or row.name in APPROXIMATE or is_as_it_was(stage, row, code, timeline)


def test_what_is_set_while_names_are_not_unique_is_left_open(server15: Server, owner: str) -> None:
    with listened(server15, owner) as stage:
        with psycopg.connect(stage.admin, autocommit=True) as connection:
            connection.execute("CREATE TABLE archive.loose (id int)")
        with watching(stage) as watch, psycopg.connect(stage.address.url, autocommit=True) as connection:
            connection.execute("SET search_path = archive")
            connection.execute("ALTER TABLE loose ADD COLUMN extra int")
            connection.close()
            timeline = watch.timeline()

    (gap,) = timeline.gaps
    assert "loose is a table of several schemas" in gap


def test_what_was_said_before_the_watch_is_no_part_of_it(server15: Server, owner: str) -> None:
    with listened(server15, owner) as stage:
        with psycopg.connect(stage.address.url, autocommit=True) as connection:
            connection.execute("SELECT 1")
        with watching(stage) as watch:
            with psycopg.connect(stage.address.url, autocommit=True) as connection:
                connection.execute("SELECT 2")
            timeline = watch.timeline()

    assert [each.sql for each in timeline.statements] == ["SELECT 2"]


def test_nothing_that_was_heard_is_no_complete_timeline(server15: Server, owner: str) -> None:
    with listened(server15, owner) as stage, watching(replace(stage, conversations=None)) as watch:
        timeline = watch.timeline()

    assert "Nothing tells which statements ran" in timeline.gaps[0]


@pytest.mark.parametrize(
    ("sql", "tag"),
    [
        ("create or replace temp view v as select 1", "CREATE VIEW"),
        ("CREATE UNIQUE INDEX CONCURRENTLY i ON t (x)", "CREATE INDEX"),
        ("CREATE MATERIALIZED VIEW v AS SELECT 1", "CREATE MATERIALIZED VIEW"),
        ("CREATE TABLE t AS SELECT 1", "CREATE TABLE AS"),
        ("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO x", "ALTER DEFAULT PRIVILEGES"),
        ("SELECT 1 INTO t", "SELECT INTO"),
        ("truncate t", "TRUNCATE TABLE"),
        ("WITH x AS (SELECT 1) SELECT * FROM x", "WITH"),
    ],
)
def test_a_statement_that_failed_goes_by_its_text(sql: str, tag: str) -> None:
    assert heard.command(sql) == tag


@pytest.mark.parametrize(
    ("statements", "reads", "gaps"),
    [
        # written anew with its indexes, which reads it as often as it has files, and read once more
        (
            ("ALTER TABLE items ALTER size TYPE bigint", "DELETE FROM items WHERE note = 'none'"),
            [("DELETE", "public.items", 2000)],
            0,
        ),
        (("ALTER TABLE items ALTER size TYPE bigint", "DELETE FROM items WHERE id = 3"), [], 0),
        # of two that may have read it nobody knows which did
        (
            ("LOCK TABLE loose", "SELECT count(*) FROM items", "DELETE FROM items WHERE note = 'none'"),
            [("any", "public.items", 2000)],
            1,
        ),
        # an index that went before is not built again
        (
            (
                "DROP INDEX items_code",
                "ALTER TABLE items ALTER size TYPE bigint",
                "DELETE FROM items WHERE note = 'none'",
            ),
            [],
            1,
        ),
    ],
)
def test_what_a_query_read_is_told_beside_other_work(
    server15: Server, owner: str, statements: tuple[str, ...], reads: list[tuple[str, str, int]], gaps: int
) -> None:
    row = table.kind("reads", statements, "")

    with listened(server15, owner) as stage:
        _, timeline = told(stage, row)

    found = [
        ("any" if gaps else each.tag, work.object, work.rows)
        for each in timeline.statements
        for work in each.work
        if work.kind is WorkKind.SCAN
    ]
    assert (found, len(timeline.gaps)) == (reads, gaps)
