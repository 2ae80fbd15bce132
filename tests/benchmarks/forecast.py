"""Do the forecasts hold? Five kinds of work are measured on 20,000 to 200,000 rows and forecast for 2 million.

    python tests/benchmarks/forecast.py [rounds]

The truth is measured at 2 million on the same server. For each kind: the ratio of the truth to the plain product (what
was measured, times the ratio of rows), whether it lay in the interval that a report would print, and how far the work
units were off: bytes of the table's files, write-ahead log. A hundredfold no time is told, only work units are. From a
size to the same size it is the other rounds that are forecast: what an interval must hold without any extrapolation.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from statistics import median

import psycopg
from measures import timed

from rehearse.engine.binaries import resolve
from rehearse.engine.server import running
from rehearse.forecast.intervals import interval

SIZES = (20_000, 100_000, 200_000, 2_000_000)
TRUTH = SIZES[-1]
_TEMPORARY = re.compile(r"^temporary file: .* size (\d+)$")
FILL = """
DROP TABLE IF EXISTS child, parent;
CREATE TABLE parent (id integer PRIMARY KEY, name text);
INSERT INTO parent SELECT n, 'parent ' || n FROM generate_series(1, {rows} / 10) AS n;
CREATE TABLE child (id integer PRIMARY KEY, parent_id integer, size integer, code text, note text);
INSERT INTO child
SELECT n, 1 + n % ({rows} / 10), n % 1000, pg_catalog.md5(n::text), pg_catalog.repeat('x', 60)
  FROM generate_series(1, {rows}) AS n;
CREATE INDEX child_parent_id ON child (parent_id);
VACUUM (ANALYZE) parent, child;
"""
KINDS = {
    "scan": "ALTER TABLE child ADD CHECK (size >= 0)",
    "foreign key": "ALTER TABLE child ADD FOREIGN KEY (parent_id) REFERENCES parent",
    "index build": "CREATE INDEX child_code ON child (code)",
    "rewrite": "ALTER TABLE child ALTER COLUMN size TYPE bigint",
    "update": "UPDATE child SET size = size + 1",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One statement on a table of one size."""

    seconds: float
    file_bytes: int
    wal_bytes: int
    temp_bytes: int


def measured(connection: psycopg.Connection, notices: list[str], rows: int) -> Iterator[tuple[str, Measured]]:
    """Yield each kind of work on a table that was just filled; all but the last leave it as it was."""
    for part in filter(None, map(str.strip, FILL.format(rows=rows).split(";"))):
        connection.execute(part.encode())
    connection.execute("CHECKPOINT")
    notices.clear()
    for kind, sql in KINDS.items():
        connection.execute("BEGIN")
        before = _counters(connection)
        seconds = timed(lambda sql=sql: connection.execute(sql.encode()))
        after = _counters(connection)
        connection.execute("ROLLBACK")
        file_bytes, wal_bytes = (new - old for old, new in zip(before, after, strict=True))
        spilled = sum(int(size) for notice in notices for size in _TEMPORARY.findall(notice))
        notices.clear()
        yield kind, Measured(seconds=seconds, file_bytes=file_bytes, wal_bytes=wal_bytes, temp_bytes=spilled)


def _counters(connection: psycopg.Connection) -> tuple[int, int]:
    found = connection.execute(
        "SELECT pg_catalog.pg_total_relation_size('child'),"
        "       pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0')::bigint"
    ).fetchone()
    assert found is not None
    return found


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    taken: dict[tuple[str, int], list[Measured]] = {pair: [] for pair in product(KINDS, SIZES)}
    with running(resolve(None, use="embedded").binaries) as server, server.connect("postgres") as connection:
        connection.autocommit = True
        connection.execute("SET log_temp_files = 0")
        connection.execute("SET client_min_messages = log")
        notices: list[str] = []
        connection.add_notice_handler(lambda found: notices.append(found.message_primary or ""))
        for _, rows in product(range(rounds), SIZES):
            for kind, found in measured(connection, notices, rows):
                taken[kind, rows].append(found)
            print(".", end="", file=sys.stderr, flush=True)
    print("\ntimes, s           " + "".join(f"{rows:>22,}" for rows in SIZES))
    for kind in KINDS:
        print(f"{kind:19}" + "".join(f"{_spread(taken[kind, rows]):>22}" for rows in SIZES))
    print("\nspilled to temporary files, bytes")
    for kind in KINDS:
        print(f"{kind:19}" + "".join(f"{max(each.temp_bytes for each in taken[kind, rows]):>22,}" for rows in SIZES))
    for rows in SIZES[:-1]:
        _judge(taken, rows, TRUTH)
    _judge(taken, SIZES[0], SIZES[2])
    for rows in SIZES:
        _judge(taken, rows, rows)


def _spread(found: list[Measured]) -> str:
    seconds = [each.seconds for each in found]
    return f"{median(seconds):.3f} ({min(seconds):.3f}-{max(seconds):.3f})"


def _judge(taken: dict[tuple[str, int], list[Measured]], rows: int, truth: int) -> None:
    """Forecast each measure of a size for the truth's, each against each."""
    factor = truth / rows
    print(f"\nfrom {rows:,} to {truth:,} rows ({factor:g} times)")
    held = total = 0
    for kind in KINDS:
        pairs = [pair for pair in product(taken[kind, rows], taken[kind, truth]) if pair[0] is not pair[1]]
        ratios = [after.seconds / (before.seconds * factor) for before, after in pairs]
        said = [(interval(timedelta(seconds=before.seconds), [factor]), after.seconds) for before, after in pairs]
        inside = [timedelta(seconds=seconds) in found for found, seconds in said if found is not None]
        held, total = held + sum(inside), total + len(inside)
        verdict = f"{sum(inside)} of {len(inside)} inside" if inside else "no time is told"
        files = _error([(before.file_bytes * factor, after.file_bytes) for before, after in pairs])
        wal = _error([(before.wal_bytes * factor, after.wal_bytes) for before, after in pairs])
        ratio = f"{median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"
        print(f"  {kind:12} truth/product {ratio:20} {verdict:18} files {files:>6}  WAL {wal:>6}")
    if total:
        print(f"  {held} of {total} times inside their interval")


def _error(pairs: list[tuple[float, int]]) -> str:
    """Return by how much the forecast is off, of what is worth a forecast."""
    errors = [forecast / truth - 1 for forecast, truth in pairs if truth > 1_000_000]
    return f"{median(errors):+.0%}" if errors else "-"


if __name__ == "__main__":
    main()
