"""The project's own queries, asked on a stage: read only, one statement each, as the role that migrates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import psycopg

from rehearse.db.connect import connect_stage
from rehearse.db.queries import query
from rehearse.db.said import said
from rehearse.errors import RequestError
from rehearse.model.own_check import Answer, OwnCheck
from rehearse.model.stage import Stage

_MOST_ROWS = 10_000  # that are counted
_MOST_KEYS = 5  # that are shown


class OwnCheckWrong(RequestError):
    """The query of a check is refused before any migration ran."""

    def __init__(self, name: str, error: str) -> None:
        super().__init__(
            f'The check "{name}" ([[checks]]) cannot be asked: {error}.',
            "Its sql must be one SELECT that the role which migrates may run, and that returns a row for each offence.",
        )


class OwnCheckReturnsNothing(RequestError):
    """The statement of a check is no query."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f'The check "{name}" ([[checks]]) is no query: its statement returns no rows at all.',
            "Write a SELECT that returns a row for each offence; what is to be run goes under command.",
        )


def ask(checks: Iterable[OwnCheck], stage: Stage) -> Mapping[str, Answer]:
    """Return the answers by the checks' names.

    A query that fails is an answer, too. Raises OwnCheckReturnsNothing.
    """
    return {check.name: _answer(check, check.sql, stage) for check in checks if check.sql is not None}


def ask_first(checks: Iterable[OwnCheck], stage: Stage) -> Mapping[str, Answer]:
    """Return the answers before the migration; what names objects that are not there yet is left open.

    Raises OwnCheckWrong and OwnCheckReturnsNothing.
    """
    answers = ask(checks, stage)
    for name, answer in answers.items():
        if answer.rows is None and not answer.is_open and not answer.names_what_is_missing:
            raise OwnCheckWrong(name, (answer.error or "").rstrip("."))
    return answers


def _answer(check: OwnCheck, sql: str, stage: Stage) -> Answer:
    limit = round(check.max_seconds.total_seconds() * 1000)
    try:
        with connect_stage(stage.address.url) as connection:
            connection.execute("BEGIN READ ONLY")
            connection.execute("SELECT pg_catalog.set_config('statement_timeout', %s, true)", [f"{limit}ms"])
            return _counted(connection, sql)
    except psycopg.Error as error:
        if error.sqlstate is None and isinstance(error, psycopg.ProgrammingError):
            raise OwnCheckReturnsNothing(check.name) from None
        return Answer(error=said(error), sqlstate=error.sqlstate)


def _counted(connection: psycopg.Connection, sql: str) -> Answer:
    """Count what a query returns; a stream goes by the extended protocol, which takes one statement only."""
    number, first, origins = 0, list[tuple[object, ...]](), list[tuple[int, int]]()
    with connection.cursor() as cursor:
        columns: list[str] = []
        for row in cursor.stream(sql.encode()):
            if not number and cursor.pgresult is not None:
                columns = [column.name for column in cursor.description or ()]
                told = cursor.pgresult
                origins = [(told.ftable(place), told.ftablecol(place)) for place in range(told.nfields)]
            number += 1
            first += [row] if number <= _MOST_KEYS else []
            if number == _MOST_ROWS:
                break
    keys = _keys(connection, origins) if first and number < _MOST_ROWS else ()
    shown = tuple(", ".join(f"{columns[place]} {row[place]}" for place in keys) for row in first if keys)
    return Answer(rows=number, more=number == _MOST_ROWS, keys=shown)


def _keys(connection: psycopg.Connection, origins: list[tuple[int, int]]) -> tuple[int, ...]:
    """Return the positions of the columns whose values are keys (libpq: PQftable, PQftablecol)."""
    asked = {"tables": [table for table, _ in origins], "columns": [column for _, column in origins]}
    return tuple(int(position) - 1 for (position,) in connection.execute(query("stage/key_columns"), asked))
