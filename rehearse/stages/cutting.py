"""A smaller stage: a share of the rows of each table, and never a row whose parent is gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from rehearse.db.identity import identifier
from rehearse.db.queries import query


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reference:
    """A foreign key, from the rows it leads to."""

    parent: str
    child: str
    parent_columns: tuple[str, ...]
    child_columns: tuple[str, ...]


def cut(connection: psycopg.Connection, rows: Mapping[str, int]) -> None:
    """Delete rows of the tables until each holds so many, as far as nothing that stays refers to them.

    `rows` are wanted numbers by the quoted identity of a table or leaf partition. Rows that refer to others go first,
    so no foreign key is ever broken; a table of which all rows are referred to stays as large as it is. No trigger
    fires. Tables are as dense as if the rest had never been there. Needs a superuser's autocommit connection.
    """
    with connection.cursor(row_factory=class_row(_Reference)) as cursor:
        references = cursor.execute(query("stage/references").encode()).fetchall()
    connection.execute("SET session_replication_role = replica")
    for table in _children_first(tuple(sorted(rows)), references):
        connection.execute(_deletion(table, rows[table], [found for found in references if found.parent == table]))
        connection.execute(sql.SQL("VACUUM (FULL, ANALYZE) {}").format(identifier(table)))


def _children_first(tables: Sequence[str], references: Sequence[_Reference]) -> tuple[str, ...]:
    """Sort tables so that each comes after those that refer to it, as far as there is no circle."""
    left, order = list(tables), []
    while left:
        awaited = {found.parent for found in references if found.child in left and found.child != found.parent}
        free = [table for table in left if table not in awaited] or left[:1]
        order += free
        left = [table for table in left if table not in free]
    return tuple(order)


def _deletion(table: str, wanted: int, references: Sequence[_Reference]) -> sql.Composed:
    """Delete the surplus, chosen by a hash of where the rows lie, from those that nothing refers to."""
    return sql.SQL(
        "DELETE FROM ONLY {table} WHERE ctid = ANY (ARRAY("
        "SELECT a_row.ctid FROM ONLY {table} AS a_row WHERE {free} "
        "ORDER BY pg_catalog.hashtextextended(a_row.ctid::pg_catalog.text, 0) "
        "LIMIT greatest(0, (SELECT pg_catalog.count(*) FROM ONLY {table}) - {wanted})))"
    ).format(
        table=identifier(table),
        free=sql.SQL(" AND ").join([sql.SQL("true"), *(_unreferenced(found) for found in references)]),
        wanted=sql.Literal(wanted),
    )


def _unreferenced(reference: _Reference) -> sql.Composed:
    pairs = zip(reference.child_columns, reference.parent_columns, strict=True)
    same: list[sql.Composable] = [
        sql.SQL("other.{} = a_row.{}").format(sql.Identifier(child), sql.Identifier(parent)) for child, parent in pairs
    ]
    if reference.child == reference.parent:  # a row that refers to itself goes with itself
        same.append(sql.SQL("other.ctid <> a_row.ctid"))
    return sql.SQL("NOT EXISTS (SELECT FROM {} AS other WHERE {})").format(
        identifier(reference.child), sql.SQL(" AND ").join(same)
    )
