"""What a snapshot does to its source: 5 M rows of 12 columns (780 MB), read by the reader role of sql/roles/reader.sql.

    python tests/benchmarks/load.py [--rounds 3] [--standby]

Limits: no statement over a second (searches for duplicates and orphans are declined here: they have a timeout of their
own), no lock above ACCESS SHARE, no row written, no temporary file, and nothing of it left once the snapshot stands.
With --standby the snapshot is taken of a streaming standby. The exit status is 1 when a limit is exceeded.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg

sys.path.insert(0, str(Path(__file__).parents[1]))

from measures import timed
from test_counts import replica, wait_for

from rehearse.db.queries import query
from rehearse.engine.binaries import resolve
from rehearse.engine.server import running
from rehearse.model.environment import Environment

BIG = """
CREATE TABLE big AS
SELECT n AS id, n % 1000 AS parent, 'name ' || n AS name, md5(n::text) AS hash, 'x' || n || '@example.org' AS email,
       now() - n * interval '1 min' AS at, date '2000-01-01' + n % 5000 AS day, (n % 7)::numeric(10, 2) AS amount,
       n * 1.5::float8 AS share, n % 2 = 0 AS even, CASE WHEN n % 3 = 0 THEN 'note ' || n END AS note,
       n * 7::bigint AS far
  FROM generate_series(1, 5000000) n
"""
_SETTINGS = {
    "wal_level": "replica", "max_wal_senders": "4", "log_min_duration_statement": "0", "log_statement": "none",
    "shared_buffers": "1GB",
}  # fmt: skip
_CONFIG = "[snapshot]\nduplicates = false\norphans = false\n"
_LONGEST = 1.0  # seconds
_LOCKS = """
SELECT DISTINCT l.mode FROM pg_locks l JOIN pg_stat_activity a USING (pid)
 WHERE a.usename = 'rehearse_reader' AND l.locktype = 'relation'
"""
_ACTIVE = """
SELECT COALESCE(max(extract(epoch FROM clock_timestamp() - query_start)), 0)::float8 FROM pg_stat_activity
 WHERE usename = 'rehearse_reader' AND state = 'active'
"""
_HELD = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'rehearse_reader'"
_WRITTEN = """
SELECT sum(n_tup_ins + n_tup_upd + n_tup_del), (SELECT temp_files FROM pg_stat_database WHERE datname = 'template1')
  FROM pg_stat_all_tables WHERE schemaname NOT IN ('pg_catalog', 'pg_toast')
"""


@dataclass(slots=True, kw_only=True)
class Watched:
    """What was seen of the reader while it read."""

    modes: set[str] = field(default_factory=set)
    longest: float = 0.0  # seconds of one statement, to some milliseconds


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="Measure what a snapshot does to its source.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--standby", action="store_true")
    given = parser.parse_args(arguments)
    with running(resolve(None, use="embedded").binaries, settings=_SETTINGS) as server, ExitStack() as open_:
        with server.connect() as connection:
            connection.execute(query("roles/reader").encode())
            connection.execute(BIG)
            connection.execute("ALTER TABLE big ADD PRIMARY KEY (id)")
            connection.execute("VACUUM ANALYZE big")
        place = open_.enter_context(replica(server)) if given.standby else server.socket_dir
        wait_for(Environment(name="", url=_url(place, "rehearse")), "SELECT to_regclass('big') IS NOT NULL")
        log = None if given.standby else server.log_file
        held = [_round(place, log) for _ in range(given.rounds)]
    return 0 if all(held) else 1


def _round(place: Path, log: Path | None) -> bool:
    """Take a snapshot; say whether every limit held. A standby writes no log: its statements are looked at."""
    before, start = _one(place, _WRITTEN), log.stat().st_size if log else 0
    with tempfile.TemporaryDirectory() as scratch, _watching(place) as watched:
        config = Path(scratch, "rehearse.toml")
        config.write_text(_CONFIG)
        command = [
            sys.executable,
            "-m",
            "rehearse",
            "snapshot",
            _url(place, "rehearse_reader"),
            "--config",
            str(config),
        ]
        took = timed(lambda: subprocess.run([*command, "-o", f"{scratch}/s"], check=True, stdout=subprocess.DEVNULL))
    longest, text = max(_statements(log, start)) if log else (watched.longest, "")
    after, left = _one(place, _WRITTEN), _one(place, _HELD)
    written = "nothing" if before == after else "something"
    print(f"{took:.1f} s; longest statement {longest:.2f} s; locks {sorted(watched.modes)}; written {written}; "
          f"connections left {left[0]}")  # fmt: skip
    if longest > _LONGEST:
        print(f"too long: {text[:300]}")
    return 0 < longest <= _LONGEST and watched.modes == {"AccessShareLock"} and before == after and left == (0,)


@contextmanager
def _watching(place: Path) -> Iterator[Watched]:
    """Note every mode of lock that the reader holds, a few hundred times a second."""
    found, over = Watched(), threading.Event()

    def watch() -> None:
        with psycopg.connect(_url(place, "rehearse"), autocommit=True) as connection:
            while not over.is_set():
                found.modes |= {str(mode) for (mode,) in connection.execute(_LOCKS)}
                found.longest = max(found.longest, *connection.execute(_ACTIVE).fetchone() or ())
                time.sleep(0.003)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield found
    finally:
        over.set()
        watching.join()


def _statements(log: Path, start: int) -> Iterator[tuple[float, str]]:
    """Yield how long each statement of the reader took, in seconds, with its text."""
    with log.open("rb") as file:
        file.seek(start)
        for line in file:
            entry = json.loads(line)
            message = str(entry.get("message", ""))
            if entry.get("user") == "rehearse_reader" and message.startswith("duration: "):
                milliseconds, _, text = message.removeprefix("duration: ").partition(" ms")
                yield float(milliseconds) / 1000, text


def _one(place: Path, asked: str) -> tuple[object, ...]:
    with psycopg.connect(_url(place, "rehearse"), autocommit=True) as connection:
        connection.execute("SELECT pg_stat_force_next_flush()")
        return tuple(connection.execute(asked.encode()).fetchone() or ())


def _url(place: Path, user: str) -> str:
    return f"postgresql://{user}@/template1?host={quote(str(place), safe='')}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
