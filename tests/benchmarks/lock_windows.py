"""Do lock windows agree with what live traffic feels? The watch's windows beside probes, on 2 million rows.

    python tests/benchmarks/lock_windows.py [rows] [15]

While each migration runs on a stage of its own, one connection reads and one writes no row of its tables, again and
again; the longest such query is what traffic would have waited. The watch's side is the time during which its windows
on the table, or on an index of it, exclude reads or writes. Windows of 0.3 s and more must agree within 5 ms or 2 %,
5 % where the table is written anew: its old file is removed after the locks are released and before COMMIT returns.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg

from rehearse.engine.binaries import find_all, resolve
from rehearse.engine.server import Server, running
from rehearse.model.stage import Stage, StageAddress
from rehearse.model.timeline import LockMode, LockWindow, Timeline
from rehearse.watch import watching

ROLE, TEMPLATE = "migrator", "windows"
LONG = timedelta(seconds=0.3)
PAUSE_SECONDS = 0.001
TABLES = """
CREATE TABLE par (id int PRIMARY KEY);
INSERT INTO par SELECT generate_series(1, 1000);
CREATE TABLE t (id int PRIMARY KEY, par_id int, v int, note text);
INSERT INTO t SELECT g, 1 + g % 1000, g, 'note ' || g FROM generate_series(1, {rows}) AS g;
CREATE INDEX t_v ON t (v);
"""
FOREIGN_KEY = "ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (par_id) REFERENCES par"


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """Statements, in one transaction or each in its own."""

    name: str
    statements: tuple[str, ...]
    together: bool = False
    rewrites: bool = False
    tables: tuple[str, ...] = ("t",)


MIGRATIONS = (
    Migration(
        name="volatile default", statements=("ALTER TABLE t ADD COLUMN f float DEFAULT random()",), rewrites=True
    ),
    Migration(name="CREATE INDEX", statements=("CREATE INDEX ON t (par_id)",)),
    Migration(name="CREATE INDEX CONCURRENTLY", statements=("CREATE INDEX CONCURRENTLY ON t (par_id)",)),
    Migration(name="foreign key", statements=(FOREIGN_KEY,), tables=("t", "par")),
    Migration(
        name="NOT VALID, VALIDATE in one",
        statements=(f"{FOREIGN_KEY} NOT VALID", "ALTER TABLE t VALIDATE CONSTRAINT fk"),
        together=True,
        tables=("t", "par"),
    ),
    Migration(
        name="NOT VALID, VALIDATE in two",
        statements=(f"{FOREIGN_KEY} NOT VALID", "ALTER TABLE t VALIDATE CONSTRAINT fk"),
        tables=("t", "par"),
    ),
    Migration(name="SET NOT NULL", statements=("ALTER TABLE t ALTER note SET NOT NULL",)),
    Migration(name="int to bigint", statements=("ALTER TABLE t ALTER v TYPE bigint",), rewrites=True),
    Migration(
        name="ADD COLUMN, UPDATE in one",
        statements=("ALTER TABLE t ADD COLUMN n int", "UPDATE t SET n = v"),
        together=True,
    ),
    Migration(name="REINDEX TABLE", statements=("REINDEX TABLE t",)),
    Migration(name="REINDEX INDEX", statements=("REINDEX INDEX t_v",)),
    Migration(name="VACUUM FULL", statements=("VACUUM FULL t",), rewrites=True),
    Migration(
        name="TRUNCATE in a transaction",
        statements=("TRUNCATE t", "SELECT pg_sleep(0.7)"),
        together=True,
        rewrites=True,
    ),
)


class Probe:
    """A connection that asks the same again and again, and remembers the longest answer."""

    def __init__(self, dsn: str, query: str) -> None:
        self.longest = timedelta(0)
        self._query = query.encode()
        self._connection = psycopg.connect(dsn, autocommit=True, prepare_threshold=None)
        self._connection.execute(self._query)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()
        self._connection.close()

    def _ask(self) -> None:
        while not self._stopped.wait(PAUSE_SECONDS):
            began = time.perf_counter()
            self._connection.execute(self._query)
            self.longest = max(self.longest, timedelta(seconds=time.perf_counter() - began))


def main(rows: int = 2_000_000, major: int = 18) -> None:
    binaries = resolve(None, use="embedded").binaries
    if major != binaries.major:
        binaries = next(found for found in find_all() if found.major == major)
    with running(binaries) as server:
        _fill(server, rows)
        print(f"PostgreSQL {binaries.version}, {rows:,} rows; ms excluded by the watch's account and by probes")
        print(f"{'migration':28}{'table':6}{'read':>9}{'probe':>9}{'write':>9}{'probe':>9}  agrees")
        for migration in MIGRATIONS:
            with _stage(server) as stage:
                timeline, felt = _played(server, stage, migration)
            for table in migration.tables:
                _print(migration, table, timeline, felt)


def _played(server: Server, stage: Stage, migration: Migration) -> tuple[Timeline, dict[tuple[str, str], timedelta]]:
    """Return the timeline, and by table and kind the longest wait of traffic."""
    dsn = server.dsn(stage.address.database)
    queries = {
        (table, kind): query
        for table in migration.tables
        for kind, query in (
            ("read", f"SELECT 1 FROM {table} WHERE false"),
            ("write", f"DELETE FROM {table} WHERE false"),
        )
    }
    with watching(stage) as watch, contextlib.ExitStack() as stack:
        probes = {key: Probe(dsn, query) for key, query in queries.items()}
        for probe in probes.values():
            stack.callback(probe.stop)
        with psycopg.connect(stage.address.url, autocommit=not migration.together) as connection:
            for statement in migration.statements:
                connection.execute(statement.encode())
        stack.close()
        return watch.timeline(), {key: probe.longest for key, probe in probes.items()}


def _print(migration: Migration, table: str, timeline: Timeline, felt: dict[tuple[str, str], timedelta]) -> None:
    windows = [lock for lock in timeline.locks if lock.object == f"public.{table}"]
    told = {
        "read": _excluded(windows, lambda mode: mode.blocks_reads),
        "write": _excluded(windows, lambda mode: mode.blocks_writes),
    }
    share = 0.05 if migration.rewrites else 0.02
    agree = [
        abs(span - felt[table, kind]) <= max(timedelta(milliseconds=5), share * felt[table, kind])
        for kind, span in told.items()
        if max(span, felt[table, kind]) >= LONG
    ]
    numbers = "".join(f"{_ms(told[kind]):9.1f}{_ms(felt[table, kind]):9.1f}" for kind in ("read", "write"))
    verdict = "-" if not agree else "yes" if all(agree) else "NO"
    print(f"{migration.name:28}{table:6}{numbers}  {verdict}", flush=True)


def _excluded(windows: Iterable[LockWindow], excludes: Callable[[LockMode], bool]) -> timedelta:
    """Return the longest time during which windows, one behind the other, exclude traffic."""
    spans = sorted((lock.acquired, lock.released) for lock in windows if excludes(lock.mode))
    longest, begun, until = timedelta(0), None, datetime.min.replace(tzinfo=UTC)
    for acquired, released in spans:
        if begun is None or acquired > until:
            begun, until = acquired, released
        until = max(until, released)
        longest = max(longest, until - begun)
    return longest


def _ms(span: timedelta) -> float:
    return span.total_seconds() * 1000


def _fill(server: Server, rows: int) -> None:
    with server.connect() as admin:
        admin.execute(f"CREATE ROLE {ROLE} LOGIN")
        admin.execute(f"CREATE DATABASE {TEMPLATE} OWNER {ROLE} TEMPLATE template0 STRATEGY FILE_COPY")
    with psycopg.connect(server.dsn(TEMPLATE), user=ROLE, autocommit=True) as connection:
        connection.execute(TABLES.format(rows=rows).encode())
        connection.execute("VACUUM ANALYZE t, par")


@contextlib.contextmanager
def _stage(server: Server) -> Iterator[Stage]:
    name = "played"
    with server.connect() as admin:
        admin.execute(f"CREATE DATABASE {name} OWNER {ROLE} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
    yield Stage(
        provider="embedded",
        address=StageAddress(socket_dir=server.socket_dir, port=server.port, database=name, user=ROLE, token=""),
        admin=server.dsn(name),
        log_file=server.log_file,
        server_version_num=server.binaries.major * 10000,
        server_version=server.binaries.version,
    )
    with server.connect() as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
