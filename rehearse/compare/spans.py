"""The least and the greatest key of tables whose key begins with an integer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from psycopg.sql import SQL, Identifier

from rehearse.compare.canonical import INTEGERS
from rehearse.compare.plan import Table
from rehearse.compare.reader import Problem, Reader, Task
from rehearse.compare.sides import Sides

Span = tuple[int, int]


def spans(sides: Sides, tables: Iterable[Table]) -> dict[str, Span]:
    """Return, by table, the least and the greatest first column of its key on any side; both ends of its index.

    A table that has no such key, or of which some side gives no answer, is left out.
    """
    wanted = [table for table in tables if _is_numbered(table)]
    answers = sides.each(lambda reader: _read(reader, wanted))
    found: dict[str, Span] = {}
    for table in wanted:
        ends = [answers[side].get(table.identity) for side in table.sides if side in answers]
        known = [end for end in ends if end is not None]
        if known and len(known) == len(table.sides):
            found[table.identity] = min(least for least, _ in known), max(most for _, most in known)
    return found


def _is_numbered(table: Table) -> bool:
    """Say whether the key begins with a number that is never NULL."""
    if not table.key or not table.sides or not table.is_stored:
        return False
    versions = [column for side in table.sides for column in table.columns[side] if column.name == table.key[0]]
    return len(versions) == len(table.sides) and all(
        version.base in INTEGERS and version.never_null for version in versions
    )


def _read(reader: Reader, tables: Iterable[Table]) -> dict[str, Span]:
    tasks = [
        Task(
            key=table.identity,
            statement=SQL(
                "SELECT pg_catalog.min({0})::pg_catalog.int8, pg_catalog.max({0})::pg_catalog.int8 FROM {1} AS t"
            ).format(Identifier("t", table.key[0]), table.relations[reader.name].source),
        )
        for table in tables
        if reader.name in table.sides
    ]
    return {
        cast("str", identity): cast("Span", answer[0])
        for identity, answer in reader.ask(tasks).items()
        if not isinstance(answer, Problem) and None not in answer[0]
    }
