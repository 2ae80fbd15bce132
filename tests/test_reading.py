"""Production is read gently: one moment, short statements, and no longer than it can bear."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import psycopg
import pytest
from test_counts import replica, wait_for

from rehearse.engine.binaries import resolve
from rehearse.engine.server import Server, running
from rehearse.model.environment import Environment
from rehearse.model.reading import ReadingLimits
from rehearse.model.sampling import SampleRules
from rehearse.model.snapshot import Snapshot
from rehearse.sanitise import SanitiseRules
from rehearse.snapshot import guard, take
from rehearse.snapshot.errors import RecoveryConflict, SnapshotStopped
from rehearse.snapshot.pieces import PAGE, Pages, parts, pieces, slices

STREAMING = {"wal_level": "replica", "max_wal_senders": "4"}


def snap(
    url: str, directory: Path, limits: ReadingLimits, *, rows: int = 100_000, told: list[str] | None = None
) -> Snapshot:
    said = [] if told is None else told
    return take(
        url,
        directory / "s",
        rules=SampleRules(rows=rows),
        sanitise=SanitiseRules(),
        progress=said.append,
        limits=limits,
    )


def lines(snapshot: Snapshot, table: str) -> list[str]:
    (sample,) = (found for found in snapshot.manifest.samples if found.table == table)
    return (snapshot.directory / str(sample.file)).read_text().splitlines()


@contextmanager
def meanwhile(server: Server, database: str, *statements: str) -> Iterator[None]:
    """Run statements over and over beside what the block does."""
    over = threading.Event()

    def run() -> None:
        with server.connect(database) as connection:
            while not over.is_set():
                for statement in statements:
                    connection.execute(statement)
                time.sleep(0.01)

    busy = threading.Thread(target=run)
    busy.start()
    try:
        yield
    finally:
        over.set()
        busy.join()


def test_all_connections_see_one_moment(server: Server, database: str, tmp_path: Path):
    with server.connect(database) as connection:
        connection.execute("CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY)")
    both = "WITH n AS (SELECT count(*) AS i FROM a), x AS (INSERT INTO a SELECT i FROM n) INSERT INTO b SELECT i FROM n"

    with meanwhile(server, database, both):
        time.sleep(0.2)
        snapshot = snap(server.dsn(database), tmp_path, ReadingLimits(jobs=4))

    assert lines(snapshot, "public.a")
    assert lines(snapshot, "public.a") == lines(snapshot, "public.b")


@pytest.mark.parametrize("jobs", [1, 3])
def test_a_table_in_parts_comes_whole_and_in_order(
    server: Server, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int
):
    monkeypatch.setattr("rehearse.snapshot.copying._PART", 40 * PAGE)
    with server.connect(database) as connection:
        connection.execute("CREATE TABLE t (id int PRIMARY KEY, filler char(100) DEFAULT '')")
        connection.execute("INSERT INTO t SELECT n FROM generate_series(1, 30000) n")

    snapshot = snap(server.dsn(database), tmp_path, ReadingLimits(jobs=jobs))

    assert [line.split("\t")[0] for line in lines(snapshot, "public.t")] == [str(n) for n in range(1, 30001)]
    assert sorted(path.name for path in (snapshot.directory / "data").iterdir()) == ["0001.copy"]


def test_pieces_cover_every_page_once():
    whole = 1000 * PAGE

    for part_size in (1, 7, 64, 999, 1000, 5000):
        found = [piece for part in parts(whole, part_size * PAGE) for piece in pieces(part, whole)]

        assert found[0].first == 0
        assert found[-1].end is None
        assert all(earlier.end == later.first for earlier, later in pairwise(found))


def test_a_piece_that_was_slow_is_followed_by_a_smaller_one():
    found = pieces(Pages(first=0, end=None), 10_000 * PAGE)
    first = next(found)
    quick = next(found)
    time.sleep(0.6)
    slow = next(found)

    def pages(piece: Pages) -> int:
        assert piece.end is not None
        return piece.end - piece.first

    assert pages(first) < pages(quick)
    assert pages(slow) < pages(quick)
    assert [len(some) for some in slices(list(range(10)), most=4)] == [4, 4, 2]


def test_no_more_rows_a_second_than_allowed(server: Server, database: str, tmp_path: Path):
    with server.connect(database) as connection:
        connection.execute("CREATE TABLE a AS SELECT generate_series(1, 3000) AS i")
        connection.execute("CREATE TABLE b AS SELECT generate_series(1, 3000) AS i")
        connection.execute("ANALYZE")

    began = time.monotonic()
    snapshot = snap(server.dsn(database), tmp_path, ReadingLimits(max_rows_per_second=4000))

    assert time.monotonic() - began >= 6000 / 4000
    assert sum(sample.rows for sample in snapshot.manifest.samples) == 6000


def test_progress_says_rows_bytes_and_time_left(server: Server, database: str, tmp_path: Path):
    told: list[str] = []
    with server.connect(database) as connection:
        connection.execute("CREATE TABLE a AS SELECT generate_series(1, 3000) AS i; ANALYZE")

    snap(server.dsn(database), tmp_path, ReadingLimits(max_rows_per_second=600), told=told)

    assert any(re.fullmatch(r"copying: [\d,]+ of about 3,000 rows, [\d.]+ k?B, [\d.]+ s left", each) for each in told)


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look after the source at every turn."""
    monkeypatch.setattr(guard, "_EVERY", 0.0)


@pytest.mark.usefixtures("often")
def test_a_snapshot_that_keeps_vacuum_waiting_too_long_stops(server: Server, database: str, tmp_path: Path):
    with server.connect(database) as connection:
        connection.execute(
            "CREATE TABLE slow AS SELECT generate_series(1, 5000) AS i; CREATE TABLE busy (i int); ANALYZE"
        )

    with (
        meanwhile(server, database, "INSERT INTO busy VALUES (1)"),
        pytest.raises(SnapshotStopped, match=r"VACUUM was kept .*max_xmin_age"),
    ):
        snap(server.dsn(database), tmp_path, ReadingLimits(max_rows_per_second=500, max_xmin_age=20))

    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("often")
def test_a_snapshot_that_takes_too_long_stops(server: Server, database: str, tmp_path: Path):
    with server.connect(database) as connection:
        connection.execute("CREATE TABLE slow AS SELECT generate_series(1, 20000) AS i; ANALYZE")
    limits = ReadingLimits(max_rows_per_second=500, timeout=timedelta(seconds=2))

    with pytest.raises(SnapshotStopped, match=r"it took more than 2[.]0 s"):
        snap(server.dsn(database), tmp_path, limits)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("often")
def test_a_standby_that_falls_behind_stops_the_snapshot_of_either(tmp_path: Path):
    with running(resolve(None, use="embedded").binaries, settings=STREAMING) as primary, replica(primary) as place:
        standby = Environment(name="", url=f"postgresql://rehearse@/template1?host={place}")
        limits = ReadingLimits(max_lag=timedelta(milliseconds=500))
        with primary.connect("template1") as connection, psycopg.connect(str(standby.url), autocommit=True) as behind:
            connection.execute("CREATE TABLE t AS SELECT 1 AS i")
            wait_for(standby, "SELECT to_regclass('t') IS NOT NULL")
            behind.execute("SELECT pg_wal_replay_pause()")
            connection.execute("INSERT INTO t VALUES (2)")
            time.sleep(1)
            connection.execute("INSERT INTO t VALUES (3)")
            with pytest.raises(SnapshotStopped, match=r"this standby is .* behind, more than 500 ms .*max_lag"):
                snap(str(standby.url), tmp_path / "lagging", limits)
            behind.execute("SELECT pg_wal_replay_resume()")
            wait_for(standby, "SELECT count(*) = 3 FROM t")
        snap(str(standby.url), tmp_path / "again", limits)


def test_a_standby_that_ends_the_snapshot_is_asked_again(tmp_path: Path):
    told: list[str] = []
    with running(resolve(None, use="embedded").binaries, settings=STREAMING) as primary, replica(primary) as place:
        standby = Environment(name="", url=f"postgresql://rehearse@/template1?host={place}")
        with primary.connect("template1") as connection, psycopg.connect(str(standby.url), autocommit=True) as other:
            other.execute("ALTER SYSTEM SET max_standby_streaming_delay = 0")
            other.execute("SELECT pg_reload_conf()")
            connection.execute("CREATE TABLE t AS SELECT generate_series(1, 4000) AS i; ANALYZE t")
            wait_for(standby, "SELECT to_regclass('t') IS NOT NULL")
        with (
            meanwhile(primary, "template1", "ALTER TABLE t ADD x int", "ALTER TABLE t DROP x", "SELECT pg_sleep(0.3)"),
            pytest.raises(RecoveryConflict, match="3 times"),
        ):
            snap(str(standby.url), tmp_path, ReadingLimits(max_rows_per_second=500), told=told)
        again = snap(str(standby.url), tmp_path, ReadingLimits())

    assert any(each.startswith("the source ended attempt 1 of 3 ") for each in told)
    assert len(lines(again, "public.t")) == 4000
