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


def rewritten(reader: Reader, tables: Iterable[Table]) -> dict[str, Problem]:
    """Return the tables that are in other files than when the snapshot began, by identity.

    To be asked after they were read. Where the question has no answer, nothing is known of any of them.
    """
    files = {
        part.oid: (table.identity, part.file)
        for table in tables
        for part in table.parts.get(reader.name, ())
        if part.kind in ("r", "m")
    }
    if not files:
        return {}
    asking = SQL(
        "SELECT u.oid::pg_catalog.int8, pg_catalog.pg_relation_filenode(u.oid)::pg_catalog.int8 "
        "FROM pg_catalog.unnest({}::pg_catalog.oid[]) AS u (oid)"
    ).format(sql.Literal("{" + ",".join(map(str, files)) + "}"))
    answer = reader.ask([Task(key="", statement=asking)])[""]
    if isinstance(answer, Problem):
        return {identity: answer for identity, _ in files.values()}
    now = cast("dict[int, int | None]", dict(answer))  # type: ignore[arg-type]  # pairs
    return {identity: REWRITTEN for oid, (identity, file) in files.items() if now.get(oid) != file}
