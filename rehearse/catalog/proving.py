"""Whether the rows of a stage satisfy constraints that are NOT VALID."""

from __future__ import annotations

from collections.abc import Iterable

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from rehearse.db.identity import identifier
from rehearse.db.said import said
from rehearse.model.catalog import CatalogObject
from rehearse.model.identity import split
from rehearse.model.proof import Proof

_FOR_ROWS = "60s"  # of one table of a stage
_FOR_LOCKS = "2s"  # nobody should be left who holds one


def prove(connection: psycopg.Connection[TupleRow], constraints: Iterable[CatalogObject]) -> tuple[Proof, ...]:
    """Try to validate each constraint and take it back, so that the stage stays as it is."""
    return tuple(_proof(connection, found) for found in constraints)


def _proof(connection: psycopg.Connection[TupleRow], constraint: CatalogObject) -> Proof:
    table = constraint.table or ""
    validate = sql.SQL("ALTER TABLE {} VALIDATE CONSTRAINT {}").format(
        identifier(table), sql.Identifier(split(constraint.identity)[-1])
    )
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(sql.SQL("SET LOCAL statement_timeout = {}").format(_FOR_ROWS))
            connection.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(_FOR_LOCKS))
            connection.execute(validate)
    except psycopg.Error as error:
        return Proof(constraint=constraint.identity, table=table, sqlstate=error.sqlstate, message=said(error))
    return Proof(constraint=constraint.identity, table=table)
