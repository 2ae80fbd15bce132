"""The pass over a table, piece by piece, for a row of every category and of every value of columns that hold few.

What was found is not looked for again, but for an extreme: of each piece it is asked whether it has a row beyond the
best so far, and only a piece that has one is read again for its own extreme. So most pieces are read once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import psycopg
from psycopg import sql
from psycopg.sql import SQL, Composable, Composed

from rehearse.catalog.relations import Column, Table
from rehearse.snapshot.categories import Category
from rehearse.snapshot.pieces import OutOfTime, of_pieces
from rehearse.snapshot.profile import MOST_VALUES
from rehearse.snapshot.values import AT_ONCE, each_value, new_value, of_value

_BEYOND = {"min": SQL("<"), "max": SQL(">")}
_EXTREME = {"min": SQL("pg_catalog.min({})"), "max": SQL("pg_catalog.max({})")}
_Rows = dict[int, str]  # number of a category -> ctid


@dataclass(slots=True, kw_only=True)
class Passes:
    """The search of one table for rows of some categories; rows are known by their ctids."""

    connection: psycopg.Connection
    table: Table
    categories: Sequence[Category]
    few: Sequence[Column]  # columns of few values
    best: _Rows = field(default_factory=dict)
    values: dict[str, list[str]] = field(default_factory=dict)  # column -> a row of each value

    def run(self, among: Composable, until: float | None) -> float:
        """Read the table; return which share of it was read before time ran out."""
        try:
            for _ in of_pieces(self.table, among, self._read, until):
                pass
        except OutOfTime as end:
            return end.share
        return 1.0

    @property
    def valued(self) -> list[Category]:
        """Return a category of each value found, up to 50 of a column."""
        return [
            of_value(self.table, column, ctid)
            for column in self.few
            for ctid in self.values.get(column.name, [])[:MOST_VALUES]
        ]

    @property
    def named(self) -> set[str]:
        """Return rows among which are some of every category that the table has."""
        return {*self.best.values(), *(category.row for category in self.valued if category.row)}

    def _read(self, within: Composable) -> None:
        """Ask one piece: what is new in it, and then where exactly."""
        conditions = self._conditions()
        columns = [column for column in self.few if len(self.values.get(column.name, ())) <= MOST_VALUES]
        values = [
            new_value(self.table, column, self.values[column.name]) for column in columns if column.name in self.values
        ]
        answers = self._first([*conditions.values(), *values], within)
        hits = dict(zip(conditions, answers, strict=False))
        beyond = [number for number, row in hits.items() if row and self.categories[number].extreme]
        self.best |= {number: row for number, row in hits.items() if row and number not in beyond}
        if beyond:
            self.best |= self._extremes(beyond, within)
        fresh = iter(answers[len(conditions) :])
        hit = [column for column in columns if column.name not in self.values or next(fresh)]
        for start in range(0, len(hit), AT_ONCE):
            self._add_values(hit[start : start + AT_ONCE], within)

    def _conditions(self) -> dict[int, Composable]:
        """Return what is asked of the next piece, by the number of the category."""
        asked: dict[int, Composable] = {}
        for number, found in enumerate(self.categories):
            if found.extreme is None:
                if number not in self.best:
                    asked[number] = found.condition
            elif number not in self.best:
                asked[number] = SQL("{} IS NOT NULL").format(found.condition)
            else:
                asked[number] = SQL("{} {} (SELECT {} FROM ONLY {} AS t WHERE t.ctid = {}::pg_catalog.tid)").format(
                    found.condition,
                    _BEYOND[found.extreme],
                    found.condition,
                    self.table.name,
                    sql.Literal(self.best[number]),
                )
        return asked

    def _first(self, conditions: Sequence[Composable], within: Composable) -> list[str | None]:
        """Return the first row, among some, of each condition."""
        if not conditions:
            return []
        wanted = SQL(", ").join(
            SQL("(pg_catalog.min(t.ctid) FILTER (WHERE {}))::pg_catalog.text").format(condition)
            for condition in conditions
        )
        asking = SQL("SELECT ARRAY[{}]::pg_catalog.text[] FROM ONLY {} AS t WHERE {} AND ({})").format(
            wanted, self.table.name, within, SQL(" OR ").join(SQL("({})").format(each) for each in conditions)
        )  # most rows are nothing new: they are passed over before any aggregate sees them
        row = self.connection.execute(asking).fetchone()
        assert row is not None
        return list(row[0])

    def _extremes(self, numbers: Sequence[int], within: Composable) -> _Rows:
        """Return the row of some extremes among some rows."""
        some = {number: self.categories[number] for number in numbers}
        rows = SQL(", ").join(
            SQL("(pg_catalog.min(t.ctid) FILTER (WHERE {} = e.{}))::pg_catalog.text").format(
                found.condition, extreme_name(number)
            )
            for number, found in some.items()
        )
        asking = beside_extremes(self.table, SQL("ARRAY[{}]::pg_catalog.text[]").format(rows), some, within)
        row = self.connection.execute(asking).fetchone()
        assert row is not None
        return {number: ctid for number, ctid in zip(some, row[0], strict=True) if ctid is not None}

    def _add_values(self, columns: Sequence[Column], within: Composable) -> None:
        """Add a row of each value that a piece has, and none of values that have one already."""
        of_piece = each_value(self.connection, self.table, columns, within)
        known = {ctid for column in columns for ctid in (*self.values.get(column.name, ()), *of_piece[column.name])}
        if len(of_piece) == len(columns) and not any(column.name in self.values for column in columns):
            self.values |= of_piece
            return
        listed = sql.Literal("{" + ",".join(f'"{ctid}"' for ctid in sorted(known)) + "}")
        self.values |= each_value(
            self.connection, self.table, columns, SQL("t.ctid = ANY ({}::pg_catalog.tid[])").format(listed)
        )


def beside_extremes(table: Table, asked: Composable, some: Mapping[int, Category], within: Composable) -> Composed:
    """Return the query for something of some rows t, with the extremes e of them all beside each.

    The extremes are computed once: a planner that expects a piece to have one row would do it for every row. And they
    are computed of the piece, which the count sees to: extremes alone might be looked for along an index, past all rows
    of the table that are not of the piece.
    """
    rows = SQL("FROM ONLY {} AS t").format(table.name)
    extremes = [
        SQL("{} AS {}").format(_EXTREME[found.extreme].format(found.condition), extreme_name(number))
        for number, found in some.items()
        if found.extreme is not None
    ]
    if not extremes:
        return SQL("SELECT {} {} WHERE {}").format(asked, rows, within)
    return SQL(
        "WITH e AS MATERIALIZED (SELECT {}, pg_catalog.count(*) AS rows {} WHERE {}) SELECT {} {} CROSS JOIN e WHERE {}"
    ).format(SQL(", ").join(extremes), rows, within, asked, rows, within)


def extreme_name(number: int) -> sql.Identifier:
    """Name an extreme as no column is called: a project's condition names columns without their table."""
    return sql.Identifier(f"extreme of category {number}")
