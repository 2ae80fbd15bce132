"""What the gate takes beside one reading of the catalog, on a production of many tables.

    python tests/benchmarks/gate.py [--tables 1000] [--rounds 5] [--pg 15]

Limit: 3 s, on two idle processors; the exit status is 1 when the median exceeds it. The catalog is read by itself in
every round, so that the two are compared under the same load.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from rehearse import catalog
from rehearse.db.connect import connect_source
from rehearse.engine.binaries import resolve
from rehearse.engine.server import running

_TABLE = """
CREATE TABLE t{number} (id bigint PRIMARY KEY, email text UNIQUE, name text, amount numeric(10, 2), at timestamptz,
                        doc jsonb, parent bigint);
CREATE INDEX ON t{number} (name);
"""
_SCRIPT = "SET lock_timeout = '2s';\nALTER TABLE t1 ADD COLUMN note text;\n"
_LIMIT = 3.0  # seconds beside the catalog
_KEY = "0123456789abcdef0123456789abcdef"


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="Measure the gate.")
    parser.add_argument("--tables", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pg", type=int, help="major version of an installed server (default: the embedded one)")
    given = parser.parse_args(arguments)
    choice = resolve(given.pg) if given.pg else resolve(None, use="embedded")
    with running(choice.binaries) as server, tempfile.TemporaryDirectory() as name:
        with server.connect() as connection:
            connection.execute("CREATE DATABASE shop")
        with server.connect("shop") as connection:
            for number in range(1, given.tables + 1):
                connection.execute(_TABLE.format(number=number).encode())
        url = f"postgresql://rehearse@/shop?host={server.socket_dir}"
        root = Path(name)
        (root / "rehearse.toml").write_text(
            f'[environments.production]\nurl = "{url}"\n[migrations]\ntool = "sql"\npath = "001.sql"\n'
        )
        (root / "001.sql").write_text(_SCRIPT)
        print(f"run:      {_timed(root, 'run'):6.2f} s ({given.tables:,} tables)")
        rounds = [(_catalog(url), _timed(root, "gate")) for _ in range(given.rounds)]
    reading = statistics.median(alone for alone, _ in rounds)
    beside = statistics.median(whole - alone for alone, whole in rounds)
    print(f"catalog:  {reading:6.2f} s")
    print(f"gate:     {statistics.median(whole for _, whole in rounds):6.2f} s, {beside:.2f} s beside the catalog")
    return int(beside > _LIMIT)


def _catalog(url: str) -> float:
    """Return the seconds of one reading of the catalog, connecting included."""
    began = time.perf_counter()
    with closing(connect_source(url)) as connection:
        _ = catalog.read(connection, connection.info.server_version // 10_000).fingerprint
    return time.perf_counter() - began


def _timed(root: Path, *words: str) -> float:
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "rehearse", *words],
        cwd=root,
        env={**os.environ, "REHEARSE_PASS_KEY": _KEY},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
