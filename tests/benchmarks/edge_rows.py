"""What looking for edge rows costs: 5 M rows of 12 columns (780 MB), beside a cached count(*) by one process.

    python tests/benchmarks/edge_rows.py [--rounds 3]

The limits: at most 60 times the count, no statement over a second. The exit status is 1 when one is exceeded.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Sequence
from typing import Any

import psycopg
from measures import timed

from rehearse.catalog import relations
from rehearse.engine.binaries import resolve
from rehearse.engine.server import running
from rehearse.snapshot import edges

BIG = """
CREATE TABLE big AS
SELECT n AS id, n % 1000 AS parent, 'name ' || n AS name, md5(n::text) AS hash, 'x' || n || '@example.org' AS email,
       now() - n * interval '1 min' AS at, date '2000-01-01' + n % 5000 AS day, (n % 7)::numeric(10, 2) AS amount,
       n * 1.5::float8 AS share, n % 2 = 0 AS even, CASE WHEN n % 3 = 0 THEN 'note ' || n END AS note,
       n * 7::bigint AS far
  FROM generate_series(1, 5000000) n
"""


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="Measure the search for edge rows.")
    parser.add_argument("--rounds", type=int, default=3)
    rounds = range(parser.parse_args(arguments).rounds)
    with running(resolve(None, use="embedded").binaries) as server, server.connect() as connection:
        connection.execute(BIG)
        connection.execute("VACUUM ANALYZE big")
        connection.execute("SET max_parallel_workers_per_gather = 0")
        longest: list[float] = []
        counted, sought = [], []
        for _ in rounds:
            counted.append(timed(lambda: connection.execute("SELECT count(*) FROM big")))
            sought.append(timed(lambda: seek(connection, longest)))
    count, seconds = statistics.median(counted), statistics.median(sought)
    print(f"count(*) {count:.2f} s, edge rows {seconds:.1f} s: {seconds / count:.0f} x, at most 60 x")
    print(f"longest statement {max(longest):.2f} s, at most 1 s")
    return 0 if seconds <= 60 * count and max(longest) <= 1 else 1


def seek(connection: psycopg.Connection, longest: list[float]) -> None:
    """Look for edge rows, and note how long each statement took."""
    (table,) = relations.tables(connection)
    ask = edges._asked

    def noted(*given: Any) -> list[str | None]:
        began = time.monotonic()
        answer = ask(*given)
        longest.append(time.monotonic() - began)
        return answer

    edges._asked = noted
    try:
        edges.seek(connection, table, relations.columns(connection, [table.oid])[table.oid])
    finally:
        edges._asked = ask


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
