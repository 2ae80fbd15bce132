"""Plain counts: one number a table, small tables many to a statement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import cast

from psycopg.sql import SQL, Composed

from rehearse.compare.asked import Asked
from rehearse.compare.plan import Table
from rehearse.compare.reader import Answer, Problem, Reader, Task
from rehearse.compare.sides import Sides, as_cell
from rehearse.model.counts import Cell, Row

OTHER_TABLES = "--where names a column that it does not have"

# Small tables share a statement: a round trip costs more than they do. Few enough to stay within the lock table.
_BATCH = 40
_SMALL = 1_000  # pages
_UNDEFINED_COLUMN = "42703"


def rows(sides: Sides, tables: Sequence[Table]) -> Iterator[Row]:
    """Yield every table with its number of rows on every side."""
    answers = sides.each(lambda reader: _count(reader, tables, sides.asked))
    for table in tables:
        numbers = {name: own[table.identity] for name, own in answers.items() if table.identity in own}
        counted = replace(table, skipped=OTHER_TABLES) if does_not_apply(numbers.values(), sides.asked) else table
        yield sides.row(counted, {name: as_cell(number) for name, number in numbers.items()})


def estimates(sides: Sides, tables: Iterable[Table]) -> Iterator[Row]:
    """Yield every table with the planner's estimates: cheap, and never a proof."""
    for table in tables:
        cells = {}
        for name in table.sides:
            parts = [part for part in table.parts[name] if part.kind in ("r", "m")]
            known = [part.estimate for part in parts if part.estimate is not None]
            moments = [part.estimated_at for part in parts if part.estimated_at is not None]
            cells[name] = (
                Cell(rows=sum(known), exact=False, estimated_at=min(moments, default=None))
                if parts and len(known) == len(parts)
                else Cell(problem="it was never vacuumed or analysed, so there is no estimate")
            )
        yield sides.row(table, cells)


def does_not_apply(answers: Iterable[object], asked: Asked) -> bool:
    """Say whether --where is about other tables than this one: no side knows a column it names."""
    states = {answer.sqlstate if isinstance(answer, Problem) else None for answer in answers}
    return asked.where is not None and states == {_UNDEFINED_COLUMN}


def condition(table: Table, asked: Asked) -> Composed:
    """Return the WHERE clause of a table's count, empty if nothing limits it."""
    conditions = table.conditions(asked)
    return SQL(" WHERE {}").format(SQL(" AND ").join(conditions)) if conditions else Composed([])


def _count(reader: Reader, tables: Iterable[Table], asked: Asked) -> dict[str, int | Problem]:
    """Count the rows of the tables that one side can read, by identity."""
    by_identity = {table.identity: table for table in tables if reader.name in table.sides}
    answers = reader.ask(_task(batch, reader.name, asked) for batch in _batches(by_identity.values(), reader.name))
    found = dict(_numbers(answers))
    again = [by_identity[identity] for identity, answer in found.items() if isinstance(answer, Problem)]
    if len(again) > 1 and not reader.side.failure:  # one table spoils its batch: alone each tells its own problem
        found |= dict(_numbers(reader.ask(_task((table,), reader.name, asked) for table in again)))
    return found


def _batches(tables: Iterable[Table], side: str) -> Iterator[tuple[Table, ...]]:
    small: list[Table] = []
    for table in tables:
        if table.kind == "table" and table.relations[side].pages <= _SMALL:
            small.append(table)
        else:
            yield (table,)
    for start in range(0, len(small), _BATCH):
        yield tuple(small[start : start + _BATCH])


def _task(batch: Sequence[Table], side: str, asked: Asked) -> Task:
    counts = (
        SQL("(SELECT pg_catalog.count(*) FROM {} AS t{})").format(table.relations[side].source, condition(table, asked))
        for table in batch
    )
    return Task(
        key=tuple(table.identity for table in batch),
        statement=SQL("SELECT {}").format(SQL(", ").join(counts)),
        weight=sum(part.pages for table in batch for part in table.parts[side]),
        by_hand=asked.where is not None,
    )


def _numbers(answers: Mapping[object, Answer]) -> Iterator[tuple[str, int | Problem]]:
    for key, answer in answers.items():
        for place, identity in enumerate(cast("tuple[str, ...]", key)):
            yield identity, answer if isinstance(answer, Problem) else cast("int", answer[0][place])
