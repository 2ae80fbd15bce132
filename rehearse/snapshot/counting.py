"""Count the rows of tables that are small enough for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import psycopg
from psycopg import errors
from psycopg.sql import SQL

from rehearse.catalog.relations import Table
from rehearse.model.facts import TableFacts
from rehearse.snapshot.moment import Moment
from rehearse.snapshot.pieces import Pages, pieces

COUNTED_UP_TO = 256 * 1024 * 1024  # bytes of heap: about a second of count(*) from cache
_WHOLE = Pages(first=0, end=None)


def count(moment: Moment, tables: Iterable[Table], facts: Iterable[TableFacts]) -> tuple[TableFacts, ...]:
    """Return the facts with exact numbers of rows for tables of up to 256 MB; larger ones keep their estimates."""
    countable = [table for table in tables if _is_countable(table)]
    counted = dict(
        moment.share(countable, lambda connection, table: (table.identity, _count(moment, connection, table)))
    )
    return tuple(
        found if (rows := counted.get(found.table)) is None else replace(found, rows=rows, rows_exact=True)
        for found in facts
    )


def _is_countable(table: Table) -> bool:
    return table.kind != "f" and not _is_hidden(table) and table.heap_bytes <= COUNTED_UP_TO


def _is_hidden(table: Table) -> bool:
    return not table.readable or table.row_security or table.absent


def _count(moment: Moment, connection: psycopg.Connection, table: Table) -> int | None:
    rows = 0
    try:
        with connection.transaction():
            for pages in pieces(_WHOLE, table.heap_bytes):
                moment.check()
                asked = SQL("SELECT pg_catalog.count(*) FROM ONLY {} AS t WHERE {}").format(table.name, pages.condition)
                row = connection.execute(asked).fetchone()
                assert row is not None
                rows += int(row[0])
    except (errors.QueryCanceled, errors.LockNotAvailable, errors.ObjectNotInPrerequisiteState):
        return None  # too slow, locked, or a materialised view without data: the estimate must do
    return rows
