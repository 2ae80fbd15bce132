"""What a glance at a table's rows says of its columns: few distinct values, texts of one shape. Only numbers leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.sql import SQL, Composable

from rehearse.catalog.relations import Column, Table
from rehearse.sanitise.treatments import INTEGERS, TEXTS, base_name
from rehearse.snapshot.categories import SHAPES, is_text, value_of

MOST_VALUES = 50  # that are few
_GLANCED_AT = 2_000  # rows
_MOST_OCTETS = 200  # of a text that is worth a glance
_LEAST_SEEN = 20  # values before they have a shape
_SHARE = 0.9  # of the values that have it
_SORTED = TEXTS | INTEGERS | {"numeric", "date", "bit", "uuid", "inet"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Columns of few values, and columns of texts that nearly all have one shape."""

    few: tuple[Column, ...]
    shapes: dict[str, str]  # column -> one of SHAPES


def glance(connection: psycopg.Connection, table: Table, columns: Sequence[Column]) -> Profile:
    """Look at some 2,000 rows from all over a table."""
    asked = [column for column in columns if column.category == "base" and base_name(column.base) in _SORTED]
    if not asked:
        return Profile(few=(), shapes={})
    numbers = SQL(", ").join(number for column in asked for number in _numbers(column))
    row = connection.execute(
        SQL("SELECT ARRAY[{}]::pg_catalog.int8[] FROM {} AS t").format(numbers, _some(table))
    ).fetchone()
    answers = iter(list(row[0]) if row else [])
    few: list[Column] = []
    shapes: dict[str, str] = {}
    for column in asked:
        values, distinct = next(answers), next(answers)
        if 2 <= distinct <= MOST_VALUES and distinct * 2 <= values:  # noqa: PLR2004 - a pair of each, on average
            few.append(column)
        alike = {shape: next(answers) for shape in SHAPES} if is_text(column) else {}
        shape = next((shape for shape, number in alike.items() if number >= _SHARE * values), None)
        if shape is not None and values >= _LEAST_SEEN:
            shapes[column.name] = shape
    return Profile(few=tuple(few), shapes=shapes)


def _numbers(column: Column) -> list[Composable]:
    value = value_of(column)
    numbers: list[Composable] = [
        SQL("pg_catalog.count({})").format(value),
        SQL("pg_catalog.count(DISTINCT {})").format(value),
    ]
    if is_text(column):
        alike = SQL(
            "pg_catalog.count(*) FILTER (WHERE pg_catalog.octet_length({v}::pg_catalog.text) <= {most} "
            "AND {v}::pg_catalog.text ~ {shape})"
        )
        numbers += [
            alike.format(v=value, most=sql.Literal(_MOST_OCTETS), shape=sql.Literal(shape)) for shape in SHAPES.values()
        ]
    return numbers


def _some(table: Table) -> Composable:
    share = 100 if not table.estimate else min(100.0, 100 * 4 * _GLANCED_AT / table.estimate)
    sampled = SQL(" TABLESAMPLE SYSTEM ({}) REPEATABLE (1)").format(sql.Literal(share)) if share < 100 else SQL("")  # noqa: PLR2004 - percent
    return SQL("(SELECT * FROM ONLY {}{} LIMIT {})").format(table.name, sampled, sql.Literal(_GLANCED_AT))
