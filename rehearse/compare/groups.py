"""Counts by the values of a column: by status, by tenant, by day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import cast

from psycopg import sql
from psycopg.sql import SQL, Composable, Identifier

from rehearse.compare.asked import Asked, By
from rehearse.compare.counting import OTHER_TABLES, condition, does_not_apply
from rehearse.compare.plan import Table
from rehearse.compare.reader import Problem, Reader, Task
from rehearse.compare.shown import Shown
from rehearse.compare.sides import Sides
from rehearse.model.counts import Cell, Row

_MOST = 5_000  # groups of one table
_NOBODY = "NULL"  # the group of rows without a value


def rows(sides: Sides, tables: Sequence[Table], by: By, shown: Shown) -> Iterator[Row]:
    """Yield every group of every table that has the column on all sides that can be read."""
    having = [table for table in tables if any(column[0].name == by.column for column in table.common_columns)]
    named = {table.identity: _called(table, by, shown) for table in having}
    answers = sides.each(lambda reader: _count(reader, having, named, by, sides.asked))
    for table in tables:
        own = {name: found[table.identity] for name, found in answers.items() if table.identity in found}
        if table not in having:
            lacking = f"it has no column {by.column} that can be read on every side"
            yield sides.row(replace(table, skipped=table.skipped or lacking), {})
        elif does_not_apply(own.values(), sides.asked):
            yield sides.row(replace(table, skipped=OTHER_TABLES), {})
        else:
            yield from _judged(sides, table, own)


def _judged(sides: Sides, table: Table, own: Mapping[str, dict[str, int] | Problem]) -> Iterator[Row]:
    problems = {name: Cell(problem=found.reason) for name, found in own.items() if isinstance(found, Problem)}
    good = {name: found for name, found in own.items() if not isinstance(found, Problem)}
    groups = sorted({group for found in good.values() for group in found})
    if not groups:
        yield sides.row(table, {**problems, **{name: Cell(rows=0) for name in good}})
    for group in groups:
        cells = {name: Cell(rows=found.get(group, 0)) for name, found in good.items()}
        yield sides.row(table, {**problems, **cells}, group)


def _count(
    reader: Reader, tables: Iterable[Table], named: Mapping[str, Composable], by: By, asked: Asked
) -> dict[str, dict[str, int] | Problem]:
    """Count the rows of each group on one side, by table and group."""
    answers = reader.ask(
        Task(
            key=table.identity,
            statement=SQL(
                'SELECT {}, pg_catalog.sum(t." rows")::pg_catalog.int8 '
                'FROM (SELECT t.{}, pg_catalog.count(*) AS " rows" FROM {} AS t{} GROUP BY 1) AS t '
                "GROUP BY 1 LIMIT {}"
            ).format(
                named[table.identity],
                Identifier(by.column),
                table.relations[reader.name].source,
                condition(table, asked),
                sql.Literal(_MOST + 1),
            ),
            weight=table.relations[reader.name].pages,
            by_hand=asked.where is not None,
        )
        for table in tables
        if reader.name in table.sides
    )
    return {cast("str", key): _groups(answer) for key, answer in answers.items()}


def _groups(answer: list[tuple[object, ...]] | Problem) -> dict[str, int] | Problem:
    if isinstance(answer, Problem):
        return answer
    if len(answer) > _MOST:
        return Problem(reason=f"it has more than {_MOST:,} groups: choose a column with fewer values")
    return {_NOBODY if value is None else str(value): cast("int", rows) for value, rows in answer}


def _called(table: Table, by: By, shown: Shown) -> Composable:
    """Return what a group is called: a unit of time, or the value as the policy lets it show."""
    column = next(found for found in table.common_columns if found[0].name == by.column)
    if not all(version.is_moment for version in column):
        return shown.expression(table, by.column)
    moment = SQL("pg_catalog.date_trunc({}, t.{}::pg_catalog.timestamp)").format(
        sql.Literal(by.unit), Identifier(by.column)
    )
    return SQL("{}::pg_catalog.text" if by.unit == "hour" else "{}::pg_catalog.date::pg_catalog.text").format(moment)
