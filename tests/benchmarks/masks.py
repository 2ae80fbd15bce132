"""What masks cost: microseconds a value on 200,000 rows, beside a bare SELECT of the same column.

python tests/benchmarks/masks.py [--rounds 3]
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Sequence

import psycopg
from measures import timed
from psycopg.sql import SQL, Composable, Identifier

from rehearse.db.connect import connect_source
from rehearse.engine.binaries import resolve
from rehearse.engine.server import running
from rehearse.sanitise import masks

ROWS = 200_000
PEOPLE = f"""
CREATE TABLE people AS
SELECT 'user' || n || '@example' || n % 100 || '.org' AS email, 'Anna Smith' || n AS name,
       '+49 170 ' || lpad(n::text, 7, '0') AS phone, 'DE89' || lpad(n::text, 18, '0') AS iban,
       '4111 1111 ' || lpad((n / 10000)::text, 4, '0') || ' ' || lpad((n % 10000)::text, 4, '0') AS card,
       'https://shop.example/items/' || n AS url, repeat('Lorem ipsum, ', 8) || n AS prose
  FROM generate_series(1, {ROWS}) n
"""
MASKED = {"email": "email", "name": "name", "phone": "phone", "iban": "iban", "card": "card", "url": "url",
          "text": "name", "digits": "phone", "fill": "prose", "hash": "email", "secret": "email"}  # fmt: skip


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="Measure masks.")
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args(arguments).rounds
    with running(resolve(None, use="embedded").binaries) as server:
        with server.connect("postgres") as connection:
            connection.execute(PEOPLE)
        with connect_source(server.dsn("postgres"), settings=masks.pads(b"k" * 32)) as source:
            source.execute("SET LOCAL statement_timeout = 0")
            for name, column in MASKED.items():
                value = SQL("t.{}").format(Identifier(column))
                bare = micros(source, value, rounds)
                print(f"{name:8} of {column:6} {micros(source, masks.mask(name)(value, 'd'), rounds) - bare:6.1f} us")
    return 0


def micros(source: psycopg.Connection, expression: Composable, rounds: int) -> float:
    """Return what a row costs."""

    def copy() -> None:
        with source.cursor().copy(SQL("COPY (SELECT {} FROM people AS t) TO STDOUT").format(expression)) as copied:
            for _ in copied:
                pass

    return statistics.median(timed(copy) for _ in range(rounds)) / ROWS * 1_000_000


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
