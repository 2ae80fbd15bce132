"""migra, asked how databases differ: a line of two URLs comes in, a line of JSON goes out; for the rivals' interpreter.

It has privileges and drops included, which are off in its own command unless they are asked for.
"""

from __future__ import annotations

import json
import sys

from migra import Migration
from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import NullPool


def main() -> None:
    for line in sys.stdin:
        print(json.dumps(_answer(*line.split())), flush=True)


def _answer(before: str, after: str) -> dict[str, object]:
    try:
        with _connected(before) as left, _connected(after) as right:
            migration = Migration(left, right)
            migration.set_safety(False)
            migration.add_all_changes(privileges=True)
            return {"told": [str(statement) for statement in migration.statements]}
    except Exception as error:  # noqa: BLE001 - whatever it is, that is its answer
        return {"crashed": f"{type(error).__name__}: {error}".splitlines()[0]}


def _connected(url: str) -> Connection:
    """Open a connection that is gone when it is closed: the database may be dropped then."""
    return create_engine(url, poolclass=NullPool).connect()


if __name__ == "__main__":
    main()
