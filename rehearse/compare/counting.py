"""Plain counts: one number a table, small tables many to a statement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import cast

from psycopg.sql import SQL, Composed

from rehearse.compare.asked import Asked
from rehearse.compare.plan import Table
from rehearse.compare.reader import Answer, Problem, Reader, Task
from rehearse.compare.rewrites import rewritten
from rehearse.compare.sides import Sides, as_cell
from rehearse.model.counts import Cell, Row

OTHER_TABLES = "--where names a column that it does not have"

# Tables share a statement: a round trip costs more than a small one does. Few enough to stay within the lock table,
# small enough together for a statement to be short, and for several connections to have their share.
_BATCH_TABLES = 40
_BATCH_PAGES = 8_192  # 64 MB
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
    return {**found, **rewritten(reader, by_identity.values())}


def _batches(tables: Iterable[Table], side: str) -> Iterator[tuple[Table, ...]]:
    batch: list[Table] = []
    pages = 0
    for table in tables:
        own = _pages(table, side)
        if table.kind != "table":  # who knows how long a view takes
            yield (table,)
            continue
        if batch and (len(batch) == _BATCH_TABLES or pages + own > _BATCH_PAGES):
            yield tuple(batch)
            batch, pages = [], 0
        batch.append(table)
        pages += own
    if batch:
        yield tuple(batch)


def _pages(table: Table, side: str) -> int:
    return sum(part.pages for part in table.parts[side])


def _task(batch: Sequence[Table], side: str, asked: Asked) -> Task:
    counts = (
        SQL("(SELECT pg_catalog.count(*) FROM {} AS t{})").format(table.relations[side].source, condition(table, asked))
        for table in batch
    )
    return Task(
        key=tuple(table.identity for table in batch),
        statement=SQL("SELECT {}").format(SQL(", ").join(counts)),
        weight=sum(_pages(table, side) for table in batch),
        by_hand=asked.where is not None,
    )


def _numbers(answers: Mapping[object, Answer]) -> Iterator[tuple[str, int | Problem]]:
    for key, answer in answers.items():
        for place, identity in enumerate(cast("tuple[str, ...]", key)):
            yield identity, answer if isinstance(answer, Problem) else cast("int", answer[0][place])
