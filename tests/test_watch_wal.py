"""The write-ahead log of commands: told to the byte, or not at all."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from grounds import Ground, grown

from rehearse.engine.binaries import resolve
from rehearse.engine.server import running
from rehearse.model.timeline import Timeline
from rehearse.watch import wal, watching
from rehearse.watch.executions import Execution
from rehearse.watch.log import Checkpoint, checkpoints

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SLACK = 100  # bytes, of what takes place before the tracer speaks
INDEX = 'CREATE INDEX ix ON "Items" (size)'
REWRITE = 'ALTER TABLE "Items" ALTER COLUMN size TYPE bigint'


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def execution(session: str, first: int, last: int | None, *, open_after: bool = False) -> Execution:
    return Execution(
        session=session,
        position=first,
        last=last,
        sql="",
        tag="",
        started=at(first),
        ended=at(last or first),
        vxid="",
        open_after=open_after,
        application="",
        sqlstate=None,
        error=None,
        events=(),
        messages=(),
    )


@pytest.mark.parametrize(
    ("others", "is_alone"),
    [
        ([], True),
        ([execution("b", 1, 9)], True),
        ([execution("b", 1, 11)], False),
        ([execution("b", 12, 13)], False),
        ([execution("b", 19, 30)], False),
        ([execution("b", 21, 30)], True),
        ([execution("a", 21, 30)], True),
        ([execution("b", 1, None)], False),  # nobody heard it end
        ([execution("b", 1, 9, open_after=True)], False),  # nor its transaction
        ([execution("b", 1, 9, open_after=True), execution("b", 21, 22)], True),  # idle in it meanwhile
    ],
)
def test_a_command_is_alone_when_no_other_session_ran_anything(others: list[Execution], *, is_alone: bool):
    found = wal.alone((execution("a", 10, 20), *others), ())

    assert (0 in found) is is_alone


@pytest.mark.parametrize(
    ("began", "ended", "is_alone"), [(1, 9, True), (1, 11, False), (12, 13, False), (19, 30, False), (21, 30, True)]
)
def test_no_command_is_alone_while_a_checkpoint_is_written(began: int, ended: int, *, is_alone: bool):
    found = wal.alone((execution("a", 10, 20),), (Checkpoint(began=at(began), ended=at(ended)),))

    assert bool(found) is is_alone


def test_nobody_is_known_to_be_alone_on_a_server_of_others():
    assert wal.alone((execution("a", 10, 20),), None) == frozenset()


def test_checkpoints_are_read_from_the_log():
    def line(second: int, message: str, who: str = "checkpointer") -> bytes:
        moment = f"2026-01-02 03:04:0{second}.000 UTC"
        return f'{{"timestamp":"{moment}","backend_type":"{who}","message":"{message}"}}'.encode()

    lines = [
        line(5, "checkpoint complete: wrote 3 buffers"),
        line(6, "checkpoint starting: time"),
        line(6, "statement: SELECT 1", "client backend"),
        line(7, "checkpoint complete: wrote 3 buffers"),
        line(8, "checkpoint starting: wal"),
    ]

    found = [(each.began, each.ended) for each in checkpoints(lines)]

    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    assert found == [(first, at(0)), (at(1), at(2)), (at(3), last)]


@pytest.mark.parametrize("sql", [INDEX, REWRITE, "CREATE TABLE fresh AS SELECT * FROM children"])
def test_a_command_wrote_what_the_servers_position_moved_by(ground: Ground, sql: str):
    with watching(ground.stage) as watch:
        with ground.connect(autocommit=False) as connection:
            connection.execute("SELECT 1")
            before = position(watch.admin)
            connection.execute(sql.encode())
            moved = position(watch.admin) - before
        timeline = watch.timeline()

    told = only(timeline, sql)
    assert told is not None
    assert told > 10_000
    assert moved - SLACK <= told <= moved


def position(admin: psycopg.Connection) -> int:
    (found,) = admin.execute("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')").fetchone()
    return int(found)


def test_what_another_session_writes_meanwhile_is_nobodys(ground: Ground):
    with watching(ground.stage) as watch:
        with ground.connect() as one, ground.connect() as other:
            with under_way(watch.admin, one, "UPDATE loose SET id = id WHERE pg_sleep(0.02) IS NOT NULL"):
                other.execute(INDEX)
            other.execute(REWRITE)
        timeline = watch.timeline()

    index, rewrite = (only(timeline, sql) for sql in (INDEX, REWRITE))
    assert index is None
    assert rewrite is not None


@contextlib.contextmanager
def under_way(admin: psycopg.Connection, connection: psycopg.Connection, sql: str) -> Iterator[None]:
    """Run a statement beside what is done in the context, from its beginning to its end."""
    slow = threading.Thread(target=connection.execute, args=[sql])
    slow.start()
    while not admin.execute("SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query = %s", [sql]).fetchone():
        time.sleep(0.001)
    yield
    slow.join()


def only(timeline: Timeline, sql: str) -> int | None:
    (found,) = [each.wal_bytes for each in timeline.statements if each.sql == sql]
    return found


def test_what_a_checkpoint_writes_meanwhile_is_nobodys(ground: Ground):
    function = "CREATE FUNCTION slow(int) RETURNS int LANGUAGE sql AS 'SELECT $1 FROM pg_sleep(0.01)'"
    with watching(ground.stage) as watch:
        with ground.connect() as connection:
            connection.execute(INDEX)
            connection.execute(function)
            with under_way(watch.admin, connection, "CREATE TABLE copied AS SELECT slow(id) FROM loose"):
                watch.admin.execute("CHECKPOINT")
        timeline = watch.timeline()

    index, _, copied = (each.wal_bytes for each in timeline.statements)
    assert index is not None
    assert copied is None


@pytest.mark.parametrize("sql", ["TRUNCATE loose", "VACUUM FULL loose", "LOCK TABLE loose"])
def test_of_commands_without_event_triggers_nothing_is_told(ground: Ground, sql: str):
    assert [each.wal_bytes for each in ground.watch(sql).statements] == [None]


def test_a_server_that_leaves_out_new_files_tells_nothing():
    settings = {"wal_level": "minimal"}
    with running(resolve(None, use="embedded").binaries, settings=settings) as server, grown(server) as ground:
        timeline = ground.watch(INDEX, "DELETE FROM children WHERE id = 1")

    index, delete = (each.wal_bytes for each in timeline.statements)
    assert index is None
    assert delete is not None
