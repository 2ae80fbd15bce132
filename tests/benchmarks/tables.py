"""What a snapshot of many small tables takes, by phase: what a table costs, whatever it holds.

    python tests/benchmarks/tables.py [--tables 1000] [--rows 100] [--rounds 3] [--pg 15]

Limit: 30 ms a table, on two idle processors; the exit status is 1 when the median exceeds it. One table in 25 refers to
the one before.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from rehearse.engine.binaries import resolve
from rehearse.engine.server import Server, running
from rehearse.model.sampling import SampleRules
from rehearse.sanitise import SanitiseRules
from rehearse.snapshot import take

TABLE = """
CREATE TABLE t{number} (id bigint PRIMARY KEY, email text UNIQUE, name text, amount numeric(10, 2), at timestamptz,
                        doc jsonb, parent bigint{reference});
INSERT INTO t{number}
SELECT n, 'user' || n || '@example' || n % 10 || '.org', 'Anna Smith' || n, n % 77 * 1.5,
       timestamptz '2024-01-01 UTC' + n * interval '1 hour', jsonb_build_object('city', 'Bonn' || n, 'n', n), n
  FROM generate_series(1, {rows}) n
"""
_REFER = 25
_LIMIT = 0.03  # seconds a table
_DETAIL = re.compile(r"(?: of |:).*")  # which table, how many rows


class Phases:
    """How many seconds passed since each kind of message."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._last, self._since = "connecting", time.perf_counter()

    def tell(self, message: str) -> None:
        now = time.perf_counter()
        self.seconds[self._last] += now - self._since
        self._last, self._since = _DETAIL.sub("", message), now


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="Measure snapshots of many small tables.")
    parser.add_argument("--tables", type=int, default=1_000)
    parser.add_argument("--rows", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pg", type=int, help="major version of an installed server (default: the embedded one)")
    given = parser.parse_args(arguments)
    choice = resolve(given.pg) if given.pg else resolve(None, use="embedded")
    with running(choice.binaries) as server:
        with server.connect("postgres") as connection:
            for statement in _tables(given.tables, given.rows):
                connection.execute(statement.encode())
            connection.execute("VACUUM ANALYZE")
        taken = [_round(server) for _ in range(given.rounds)]
    median, limit = statistics.median(taken), given.tables * _LIMIT
    print(f"{'ok' if median <= limit else 'OVER'}: {median:.1f} s, at most {limit:.1f}")
    return 0 if median <= limit else 1


def _tables(tables: int, rows: int) -> Iterator[str]:
    for number in range(tables):
        reference = f" REFERENCES t{number - 1}" if number % _REFER == 1 else ""
        yield TABLE.format(number=number, rows=rows, reference=reference)


def _round(server: Server) -> float:
    phases, began = Phases(), time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        rules, sanitise = SampleRules(), SanitiseRules(key=b"k" * 32)
        take(server.dsn("postgres"), Path(scratch, "s"), rules=rules, sanitise=sanitise, progress=phases.tell)
        phases.tell("")
    took = time.perf_counter() - began
    print(f"{took:6.2f} s: " + ", ".join(f"{phase} {spent:.2f}" for phase, spent in phases.seconds.items()), flush=True)
    return took


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
