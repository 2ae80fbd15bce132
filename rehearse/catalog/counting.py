"""Counting the rows of every table of a stage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow, class_row, tuple_row

from rehearse.catalog.errors import RowsNotCounted
from rehearse.db.identity import identifier
from rehearse.db.queries import query
from rehearse.model.identity import split

# One statement a batch saves round trips; a limit keeps the locks of one statement within the
# server's lock table (max_locks_per_transaction, every index of every table takes one).
_BATCH = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    schema: str
    name: str
    identity: str
    root: str | None  # the partitioned table at the top; itself, for a root
    countable: bool  # False: a root, which holds no rows, or a foreign partition, which is not ours to read


def count_rows(connection: psycopg.Connection[TupleRow]) -> dict[str, int]:
    """Count, exactly, every ordinary table, leaf partition and partitioned root, by quoted identity.

    A root counts the rows of its leaves, and is left out where a leaf is a foreign table.
    Expects a connection that row security does not restrict. Raises RowsNotCounted.
    """
    try:
        with connection.cursor(row_factory=class_row(_Table)) as cursor:
            tables = cursor.execute(query("counting/tables").encode()).fetchall()
        counted = dict(_counts(connection, [table for table in tables if table.countable]))
    except psycopg.Error as error:
        raise RowsNotCounted(error) from error
    return dict(sorted({**counted, **_roots(tables, counted)}.items()))


def count_values(connection: psycopg.Connection[TupleRow], columns: Mapping[str, str]) -> dict[str, int]:
    """Count the values that are not null of some columns, given as identity of the column -> of its table.

    Raises RowsNotCounted.
    """
    try:
        return {column: _values(connection, table, split(column)[-1]) for column, table in columns.items()}
    except psycopg.Error as error:
        raise RowsNotCounted(error) from error


def count_nulls(connection: psycopg.Connection[TupleRow], columns: Mapping[str, str]) -> dict[str, int]:
    """Count the rows in which some columns, given as for `count_values`, hold no value.

    Raises RowsNotCounted.
    """
    try:
        return {column: _nulls(connection, table, split(column)[-1]) for column, table in columns.items()}
    except psycopg.Error as error:
        raise RowsNotCounted(error) from error


def _nulls(connection: psycopg.Connection[TupleRow], table: str, column: str) -> int:
    counting = sql.SQL("SELECT pg_catalog.count(*) - pg_catalog.count({}) FROM {}").format(
        sql.Identifier(column), identifier(table)
    )
    with connection.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(counting).fetchone()
    assert row is not None
    return int(row[0])


def _values(connection: psycopg.Connection[TupleRow], table: str, column: str) -> int:
    counting = sql.SQL("SELECT pg_catalog.count({}) FROM {}").format(sql.Identifier(column), identifier(table))
    with connection.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(counting).fetchone()
    assert row is not None
    return int(row[0])


def _counts(connection: psycopg.Connection[TupleRow], tables: Sequence[_Table]) -> Iterator[tuple[str, int]]:
    for start in range(0, len(tables), _BATCH):
        batch = tables[start : start + _BATCH]
        counts = sql.SQL(" UNION ALL ").join(
            sql.SQL("SELECT {} AS place, pg_catalog.count(*) AS rows FROM ONLY {}").format(
                sql.Literal(place), sql.Identifier(table.schema, table.name)
            )
            for place, table in enumerate(batch)
        )
        with connection.cursor(row_factory=tuple_row) as cursor:
            for place, rows in cursor.execute(counts):
                yield batch[place].identity, rows


def _roots(tables: Sequence[_Table], counted: dict[str, int]) -> dict[str, int]:
    """Sum the leaves of each root whose leaves have all been counted."""
    leaves: dict[str, list[str]] = {table.identity: [] for table in tables if table.root == table.identity}
    for table in tables:
        if table.root is not None and table.root != table.identity:
            leaves[table.root].append(table.identity)
    return {
        root: sum(counted[leaf] for leaf in below)
        for root, below in leaves.items()
        if all(leaf in counted for leaf in below)
    }
