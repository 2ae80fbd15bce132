"""Foreign keys left dangling by a sample: rehearse beside the first rows of every table, on real and random schemas.

    python tests/benchmarks/closure.py [--rows 50] [DUMP.sql ...]

The dumps are plain pg_dump output, loaded by psql; where none is named, those are taken that the variable CORPORA
names, separated by ":". The graphs have cycles, composite keys, self references and partitions; one has 100 tables.
The limit: no row whose parent the source has is kept without it. The exit status is 1 when one is.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import psycopg
from measures import timed

sys.path.insert(0, str(Path(__file__).parents[1]))

from graphs import Graph, Rows, build, dangling, selected

from rehearse.catalog import relations
from rehearse.engine.binaries import resolve
from rehearse.engine.server import Server, running
from rehearse.model.sampling import SampleRules

GRAPHS = (
    *(Graph(tables=8, rows=3000, references=14, partitioned=0.3, seed=seed) for seed in range(8)),
    Graph(tables=100, rows=3000, references=200, partitioned=0.1, seed=100),
)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="Count foreign keys that samples leave dangling.")
    parser.add_argument("--rows", type=int, default=50)
    parser.add_argument("dumps", nargs="*", type=Path)
    asked = parser.parse_args(arguments)
    dumps = asked.dumps or [Path(part) for part in os.environ.get("CORPORA", "").split(":") if part]
    print(f"{'source':24} {'rehearse':>10} {'kept':>8} {'seconds':>8}   {'LIMIT':>10} {'kept':>8}")
    with running(resolve(None, use="embedded").binaries) as server:
        good = [
            shown(server, dump.stem, lambda connection, dump=dump: load(server, connection, dump), asked.rows)
            for dump in dumps
        ]
        for graph in GRAPHS:
            name = f"graph{graph.seed}of{graph.tables}"
            good.append(shown(server, name, lambda connection, graph=graph: build(connection, graph), asked.rows))
    return 0 if all(good) else 1


def load(server: Server, connection: psycopg.Connection, dump: Path) -> None:
    psql = server.binaries.bin_dir / "psql"
    command = [str(psql), "-qX", "-f", str(dump), server.dsn(connection.info.dbname)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    connection.execute("ANALYZE")


def shown(server: Server, name: str, fill: Callable[[psycopg.Connection], None], rows: int) -> bool:
    """Fill a database, take both samples of it, and print how many keys dangle in each."""
    with server.connect() as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0 STRATEGY FILE_COPY')
    with server.connect(name) as connection:
        fill(connection)
        kept: list[Rows] = []
        seconds = timed(lambda: kept.append(selected(connection, SampleRules(rows=rows))))
        naive = first_rows(connection, rows)
        ours, theirs = dangling(connection, kept[0]), dangling(connection, naive)
        sizes = [sum(len(ctids or ()) for ctids in sample.values()) for sample in (kept[0], naive)]
    print(f"{name:24} {ours:10} {sizes[0]:8,} {seconds:8.1f}   {theirs:10} {sizes[1]:8,}", flush=True)
    return ours == 0


def first_rows(connection: psycopg.Connection, rows: int) -> Rows:
    """Return what `LIMIT n` of every table keeps."""
    return {
        table.oid: {
            ctid for (ctid,) in connection.execute(f"SELECT ctid::text FROM ONLY {table.identity} LIMIT {rows}")
        }
        for table in relations.tables(connection)
        if table.kind == "r"
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
