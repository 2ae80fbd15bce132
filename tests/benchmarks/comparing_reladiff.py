"""Compare the keys of many tables by reladiff's Python interface; run by the benchmark, in the rivals' environment.

Arguments: the two databases, then table:key,key for each table. libpq's variables say where the server is.
Prints how many rows differ.
"""

from __future__ import annotations

import os
import sys

from reladiff import connect, connect_to_table, diff_tables


def main(left: str, right: str, *tables: str) -> None:
    sides = [connect({**_server(), "dbname": name}, thread_count=1) for name in (left, right)]
    differences = 0
    for table, _, keys in (named.partition(":") for named in tables):
        segments = [connect_to_table(side, ("public", table), keys.split(",")) for side in sides]
        with diff_tables(*segments) as differing:
            differences += sum(1 for _ in differing)
    print(differences)
    for side in sides:
        side.close()


def _server() -> dict[str, str]:
    return {"driver": "postgresql", "host": os.environ["PGHOST"], "port": os.environ["PGPORT"]}


if __name__ == "__main__":
    main(*sys.argv[1:])
