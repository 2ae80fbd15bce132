"""What rows of a table satisfy, as counts of those that do not: CHECK constraints, domains, unique indexes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psycopg
from psycopg.sql import SQL, Composable, Identifier

from rehearse.db.queries import query


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One constraint of one table, by name, over some columns."""

    name: str
    columns: tuple[str, ...]
    violations: Callable[[str], Composable]  # given a relation that has the columns


def conditions(connection: psycopg.Connection, relations: Sequence[int]) -> dict[int, tuple[Condition, ...]]:
    """Return by table what its rows satisfy; foreign keys are not among it."""
    found: dict[int, list[Condition]] = {}
    asked = {"relations": list(relations)}
    for relation, name, expression, columns, of_domain in connection.execute(
        query("snapshot/checks").encode(), asked
    ).fetchall():
        counted = _of_domain(expression, columns[0]) if of_domain else _of_row(expression)
        if columns:
            found.setdefault(relation, []).append(Condition(name=name, columns=tuple(columns), violations=counted))
    for relation, name, expressions, columns, condition in connection.execute(
        query("snapshot/unique_indexes").encode(), asked
    ).fetchall():
        counted = _duplicates(expressions, condition)
        found.setdefault(relation, []).append(Condition(name=name, columns=tuple(columns), violations=counted))
    return {relation: tuple(listed) for relation, listed in found.items()}


def _of_row(expression: str) -> Callable[[str], Composable]:
    """Count rows that violate a CHECK: NULL satisfies it (manual 5.5.1)."""
    return lambda side: SQL("(SELECT pg_catalog.count(*) FROM {} WHERE ({}) IS FALSE)").format(
        Identifier(side), SQL(expression)
    )


def _of_domain(expression: str, column: str) -> Callable[[str], Composable]:
    """Count values that violate a domain's CHECK, which calls them VALUE."""
    return lambda side: SQL(
        "(SELECT pg_catalog.count(*) FROM (SELECT {} AS value FROM {}) AS v WHERE ({}) IS FALSE)"
    ).format(Identifier(column), Identifier(side), SQL(expression))


def _duplicates(expressions: Sequence[str], condition: str) -> Callable[[str], Composable]:
    """Count keys that more than one row has; NULLs are no duplicates of one another."""
    keys = SQL(", ").join(SQL("({})").format(SQL(each)) for each in expressions)
    given = SQL(" AND ").join(SQL("({}) IS NOT NULL").format(SQL(each)) for each in expressions)
    return lambda side: SQL(
        "(SELECT pg_catalog.count(*) FROM (SELECT FROM {} WHERE ({}) AND {} GROUP BY {} "
        "HAVING pg_catalog.count(*) > 1) AS d)"
    ).format(Identifier(side), SQL(condition), given, keys)
