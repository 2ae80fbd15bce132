"""How much is known of statements without any right on the server, and what the door that hears them costs.

Every kind of statement of tests/test_watch_commands.py is played on PostgreSQL 15 by a role that owns its database, and
nothing is seen by samples: told as it was, left open, approximate, or wrong, which fails. Then a statement and a large
result on one connection: straight to the server, through a door that only passes on, and through one that listens.

Run: python tests/benchmarks/heard.py [costs]
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import psycopg

sys.path.insert(0, str(Path(__file__).parents[1]))
import test_watch_heard as hearing_test
from test_watch_commands import KINDS

from rehearse.engine.binaries import find_all
from rehearse.engine.server import Server, running
from rehearse.stages import door
from rehearse.stages.hearing import TALKATIVE, Hearing
from rehearse.stages.upstream import Upstream
from rehearse.watch.samples import Samples

ROUNDS, STATEMENTS, ROWS = 7, 1000, 300_000


def main() -> int:
    binaries = next(found for found in find_all() if found.major == 15)
    Samples.by_statement = lambda *_: {}  # type: ignore[method-assign]  # what samples add is chance
    with running(binaries) as server:
        costs(server)
        wrong = [] if sys.argv[1:] == ["costs"] else kinds(server)
    return 1 if wrong else 0


def kinds(server: Server) -> list[str]:
    """Print how the kinds of statements fare; return those that are told wrong."""
    found: Counter[str] = Counter()
    wrong = []
    with hearing_test.ground(server, "owner"):
        for row in (row for row in KINDS if row.since <= server.binaries.major):
            with hearing_test.listened(server, "owner") as stage:
                code, timeline = hearing_test.told(stage, row)
                if code == row.fails and hearing_test.is_as_it_was(stage, row, code, timeline):
                    found["as it was"] += 1
                elif timeline.gaps:
                    found["left open"] += 1
                elif row.name in hearing_test.APPROXIMATE:
                    found["approximate"] += 1
                else:
                    wrong.append(row.name)
    print(f"{sum(found.values()) + len(wrong)} kinds of statements: {dict(found)}; wrong: {wrong or 'none'}")
    return wrong


def costs(server: Server) -> None:
    """Print what a statement and a large result cost on each way, as the median of several rounds."""
    with server.connect() as admin:
        admin.execute(f"CREATE TABLE many AS SELECT n, repeat('x', 80) FROM generate_series(1, {ROWS}) AS n")
    psql = str(server.binaries.bin_dir / "psql")
    spent: dict[str, tuple[list[float], list[float], list[float]]] = {}
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write("SELECT 1;\n" * STATEMENTS)
        script.flush()
        for _ in range(ROUNDS):
            for name, way in ways(server):
                with way as dsn:
                    single, processor, bulk = spent.setdefault(name, ([], [], []))
                    nothing = seconds(psql, dsn, "-c", "SELECT 1")
                    began = time.process_time()
                    single.append((seconds(psql, dsn, "-f", script.name) - nothing) / STATEMENTS)
                    processor.append((time.process_time() - began) / STATEMENTS)
                    bulk.append(seconds(psql, dsn, "-c", "COPY many TO STDOUT") - nothing)
    for name, (single, processor, bulk) in spent.items():
        print(
            f"{name}: SELECT 1 in {statistics.median(single) * 1e6:.0f} us, of the door's processor "
            f"{statistics.median(processor) * 1e6:.0f} us; COPY of {ROWS:,} rows in "
            f"{statistics.median(bulk) * 1e3:.0f} ms"
        )


def seconds(psql: str, dsn: str, *what: str) -> float:
    """Return how long psql takes: a process of its own, as a migration is."""
    started = time.perf_counter()
    subprocess.run([psql, dsn, "-Xq", *what], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def ways(server: Server) -> Iterator[tuple[str, AbstractContextManager[str]]]:
    yield "straight", straight(server)
    yield "door", opened(server, None)
    yield "door that listens", opened(server, Hearing())


@contextmanager
def straight(server: Server) -> Iterator[str]:
    yield server.dsn()


@contextmanager
def opened(server: Server, hearing: Hearing | None) -> Iterator[str]:
    with psycopg.connect(server.dsn()) as connection:
        info = connection.info
        upstream = Upstream.of(connection, database=info.dbname, user=info.user, password="")
    options = " ".join(f"-c {name}={value}" for name, value in TALKATIVE.items()) if hearing else ""
    with door.opened(upstream, options, hearing) as way:
        yield f"host={way.socket_dir} port={way.port} dbname={upstream.database} user={upstream.user}"


if __name__ == "__main__":
    sys.exit(main())
