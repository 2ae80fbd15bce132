"""A row of each value of the columns that hold few. The rows are told by ctid, never by the value."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg
from psycopg import sql
from psycopg.sql import SQL, Composable

from rehearse.catalog.relations import Column, Table
from rehearse.snapshot.categories import Category, value_of
from rehearse.snapshot.profile import MOST_VALUES

AT_ONCE = 30  # columns: GROUPING takes 31 (manual 9.21, Grouping Operations)

Rows = dict[str, list[str]]  # column -> a ctid of each value


def of_value(table: Table, column: Column, ctid: str) -> Category:
    """Return the category of the value that one row has: looked up in the source, whenever it is asked for."""
    condition = SQL("{} = (SELECT v.{} FROM ONLY {} AS v WHERE v.ctid = {}::pg_catalog.tid)").format(
        value_of(column), sql.Identifier(column.name), table.name, sql.Literal(ctid)
    )
    return Category(column=column.name, name="each value", condition=condition, row=ctid)


def new_value(table: Table, column: Column, known: Sequence[str]) -> Composable:
    """Return the condition under which a row t has a value that none of some other rows has; NULL is no value."""
    listed = sql.Literal("{" + ",".join(f'"{ctid}"' for ctid in known) + "}")
    return SQL("{} NOT IN (SELECT v.{} FROM ONLY {} AS v WHERE v.ctid = ANY ({}::pg_catalog.tid[]))").format(
        value_of(column), sql.Identifier(column.name), table.name, listed
    )


def each_value(connection: psycopg.Connection, table: Table, columns: Sequence[Column], within: Composable) -> Rows:
    """Return a row of each value of each column among some rows, up to 51 of a column."""
    values = [value_of(column) for column in columns]
    group = SQL("GROUPING({})").format(SQL(", ").join(values))
    asking = SQL(
        "SELECT g.of_column, g.place FROM (SELECT {group} AS of_column, "
        "pg_catalog.min(t.ctid)::pg_catalog.text AS place, "
        "pg_catalog.row_number() OVER (PARTITION BY {group}) AS number FROM ONLY {table} AS t WHERE {within} "
        "GROUP BY GROUPING SETS ({sets}) HAVING {filled}) AS g WHERE g.number <= {most}"
    ).format(
        group=group,
        table=table.name,
        within=within,
        sets=SQL(", ").join(SQL("({})").format(value) for value in values),
        filled=SQL(" OR ").join(SQL("{} IS NOT NULL").format(value) for value in values),
        most=sql.Literal(MOST_VALUES + 1),
    )
    every = (1 << len(columns)) - 1
    places = {every ^ (1 << (len(columns) - 1 - number)): column.name for number, column in enumerate(columns)}
    rows: Rows = {column.name: [] for column in columns}
    for mask, ctid in connection.execute(asking):
        rows[places[mask]].append(ctid)
    return rows
