"""Counts by the values of a column: by status, by tenant, by day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from psycopg import sql
from psycopg.sql import SQL, Composable, Identifier

from rehearse.compare.asked import Asked, By
from rehearse.compare.canonical import text_of
from rehearse.compare.counting import OTHER_TABLES, condition, does_not_apply
from rehearse.compare.plan import Table
from rehearse.compare.reader import Problem, Reader, Task
from rehearse.compare.rewrites import rewritten
from rehearse.compare.shown import Shown
from rehearse.compare.sides import Sides
from rehearse.model.counts import Cell, Row

_MOST = 5_000  # groups of one table
_NOBODY = "NULL"  # the group of rows without a value


def rows(sides: Sides, tables: Sequence[Table], by: By, shown: Shown) -> Iterator[Row]:
    """Yield every group of every table that has the column on all sides that can be read."""
    having = [table for table in tables if any(column[0].name == by.column for column in table.common_columns)]
    named = {table.identity: _grouping(table, by, shown) for table in having}
    answers = sides.each(lambda reader: _count(reader, having, named, sides.asked))
    for table in tables:
        own = {name: found[table.identity] for name, found in answers.items() if table.identity in found}
        if not table.sides:
            yield sides.row(table, {})
        elif table not in having:
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
    reader: Reader, tables: Sequence[Table], named: Mapping[str, Grouping], asked: Asked
) -> dict[str, dict[str, int] | Problem]:
    """Count the rows of each group on one side, by table and group."""
    answers = reader.ask(
        Task(
            key=table.identity,
            statement=SQL(
                "SELECT {}, pg_catalog.sum(g.n)::pg_catalog.int8 "
                "FROM (SELECT {} AS v, pg_catalog.count(*) AS n FROM {} AS t{} GROUP BY 1) AS g GROUP BY 1 LIMIT {}"
            ).format(
                named[table.identity].label,
                named[table.identity].value,
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
    lost = rewritten(reader, [table for table in tables if table.identity in answers])
    return {cast("str", key): lost.get(cast("str", key)) or _groups(answer) for key, answer in answers.items()}


def _groups(answer: list[tuple[object, ...]] | Problem) -> dict[str, int] | Problem:
    if isinstance(answer, Problem):
        return answer
    if len(answer) > _MOST:
        return Problem(reason=f"it has more than {_MOST:,} groups: choose a column with fewer values")
    return {_group(cast("str | None", label)): cast("int", rows) for label, rows in answer}


def _group(label: str | None) -> str:
    """Name the rows without a value NULL; a value that reads so is quoted."""
    if label is None:
        return _NOBODY
    return f'"{label}"' if label == _NOBODY else label


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """What rows are grouped by, as an expression over t, and what a group is called, as one over g.v."""

    value: Composable
    label: Composable


def _grouping(table: Table, by: By, shown: Shown) -> Grouping:
    """Group by what values read as, or where they are moments that may be shown by a unit of time."""
    column = next(found for found in table.common_columns if found[0].name == by.column)
    name = SQL("t.{}").format(Identifier(by.column))
    value = SQL("g.v")
    if not all(version.is_moment for version in column) or not shown.is_clear(table, by.column):
        written = text_of(name, by_output=any("." in version.base for version in column))
        return Grouping(value=written, label=shown.label(table, by.column, value))
    moment = SQL("pg_catalog.date_trunc({}, {}::pg_catalog.timestamp)").format(sql.Literal(by.unit), name)
    whole = SQL("{}::pg_catalog.text" if by.unit == "hour" else "{}::pg_catalog.date::pg_catalog.text").format(moment)
    return Grouping(value=whole, label=value)
