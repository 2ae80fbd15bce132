"""Tables whose rows our snapshot cannot see any more.

TRUNCATE, and what writes a table anew, are not MVCC-safe: to a snapshot older than they are the table looks empty
(manual 13.6, Caveats). Its file tells: pg_class, read in the snapshot, names the one there was.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from psycopg import sql
from psycopg.sql import SQL

from rehearse.compare.plan import Table
from rehearse.compare.reader import Problem, Reader, Task

REWRITTEN = Problem(reason="it was truncated or written anew while it was read: count again")


def rewritten(reader: Reader, tables: Iterable[Table]) -> frozenset[str]:
    """Return which of the tables are in other files than when the snapshot began, by identity.

    To be asked after they were read. Who cannot be asked any more has failed, and says so himself.
    """
    files = {
        part.oid: (table.identity, part.file)
        for table in tables
        for part in table.parts.get(reader.name, ())
        if part.kind in ("r", "m")
    }
    if not files:
        return frozenset()
    asking = SQL(
        "SELECT u.oid::pg_catalog.int8, pg_catalog.pg_relation_filenode(u.oid)::pg_catalog.int8 "
        "FROM pg_catalog.unnest({}::pg_catalog.oid[]) AS u (oid)"
    ).format(sql.Literal("{" + ",".join(map(str, files)) + "}"))
    answer = reader.ask([Task(key="", statement=asking)])[""]
    if isinstance(answer, Problem):
        return frozenset()
    now = cast("dict[int, int | None]", dict(answer))  # type: ignore[arg-type]  # pairs
    return frozenset(identity for oid, (identity, file) in files.items() if now.get(oid) != file)
