"""Copy the chosen rows, masked before they leave."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.sql import SQL

from rehearse.catalog.relations import Table
from rehearse.sanitise.classify import Treatment
from rehearse.snapshot.sampling import chunks


def copy_rows(
    connection: psycopg.Connection,
    table: Table,
    treatments: tuple[Treatment, ...],
    ctids: set[str] | None,
    path: Path,
) -> int:
    """Write a table's rows (all of them, or those of the ctids) as COPY text; return how many."""
    rows = 0
    with path.open("wb") as file, connection.cursor() as cursor:
        for statement in statements(table, treatments, ctids):
            with cursor.copy(statement) as copied:
                for block in copied:
                    file.write(block)
            rows += cursor.rowcount
    return rows


def statements(table: Table, treatments: tuple[Treatment, ...], ctids: set[str] | None) -> Iterator[sql.Composed]:
    """Yield the COPY statements: what production is asked, word for word."""
    expressions = SQL(", ").join(treatment.expression for treatment in treatments)
    for chunk in chunks(ctids):
        where = SQL("") if chunk is None else SQL(" WHERE t.ctid = ANY ({}::pg_catalog.tid[])").format(chunk)
        yield SQL("COPY (SELECT {} FROM ONLY {} AS t{}) TO STDOUT").format(expressions, table.name, where)
