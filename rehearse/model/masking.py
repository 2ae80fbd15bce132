"""What masks may have done to a step: the values it read or refused were not production's."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rehearse.model.migration import StepRun
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.snapshot import ColumnTreatment
from rehearse.model.timeline import Statement, WorkKind

_CONSTRAINT = re.compile(r'constraint "([^"]+)"')
_STAR = re.compile(r"SELECT\s+(?:\w+\.)?\*", re.IGNORECASE)
_TO_INTEGER = re.compile(r"for type (?:smallint|integer|bigint)\b")
_LITERAL = re.compile(r"'(?:[^']|'')*'|\$\d+")
_EQUALS = r"\s*(?:=\s*\?|IN\s*\([\s,?]*\))"
_ELSEWHERE = re.compile(r"\b(?:NOT|SELECT|USING)\b", re.IGNORECASE)
_OR = re.compile(r"\bOR\b", re.IGNORECASE)
_TOO_LONG = "22001"
_NO_SUCH_VALUE = "22P02"
_DUPLICATE = "23505"
_BY_VALUE = ("22", "23503", "23514", "P0001")  # data exception, foreign key, check, RAISE
_BY_CHARACTER = {"characters", "magnitude"}  # either means: what a cast to an integer is about


def suspects(rehearsal: Rehearsal, step: StepRun, statement: Statement | None) -> tuple[ColumnTreatment, ...]:
    """Return the masked columns whose masks may be why a step failed.

    Either PostgreSQL refused a statement because of values (a cast, a check, a foreign key; duplicates only under
    masks that make some), or the step's own code gave up after it had read masked values.
    """
    if statement is None:
        selects = (
            found.sql
            for found in reversed(rehearsal.timeline.statements)
            if found.step == step.id and found.tag == "SELECT"
        )
        return next(filter(None, (_named(rehearsal, sql) for sql in selects)), ())
    named = _named(rehearsal, " ".join(_text(rehearsal, statement)))
    return tuple(found for found in named if _may_cause(found.keeps, statement))


def _may_cause(keeps: tuple[str, ...], statement: Statement) -> bool:
    state, message = statement.sqlstate or "", statement.message or ""
    if state == _DUPLICATE:
        return "uniqueness" not in keeps
    if state == _TOO_LONG:
        return "length" not in keeps
    if state == _NO_SUCH_VALUE and _TO_INTEGER.search(message) is not None:
        return "length" not in keeps or not _BY_CHARACTER.intersection(keeps)
    return state.startswith(_BY_VALUE)


def _text(rehearsal: Rehearsal, statement: Statement) -> Iterator[str]:
    """Yield the statement and, where a constraint refused it, what defines the constraint."""
    yield statement.sql
    constraint = _CONSTRAINT.search(statement.message or "")
    if constraint is None:
        return
    for earlier in rehearsal.timeline.statements:
        if constraint[1] in earlier.sql and earlier.number < statement.number:
            yield earlier.sql
    for found in rehearsal.before.of_kind("constraint"):
        if found.identity.endswith((f".{constraint[1]}", f'."{constraint[1]}"')):
            yield f"{found.table} {found.text('definition')}"


def _named(rehearsal: Rehearsal, sql: str) -> tuple[ColumnTreatment, ...]:
    """Return the masked columns a text names together with their table; a star names them all."""
    star = _STAR.search(sql) is not None
    return tuple(
        found
        for found in rehearsal.fidelity.masked
        if _has(sql, found.table.rpartition(".")[2].strip('"')) and (star or _has(sql, found.column))
    )


def _has(sql: str, name: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", sql, re.IGNORECASE) is not None


def finds_own_values(statement: Statement, column: ColumnTreatment, predicate: str) -> bool:
    """Say whether a predicate on a masked column can only have been built from the stage's own values.

    `WHERE email = 'a@b.c' AND ...` that finds rows was given a masked value: a loop read it on the stage before, as
    it will read production's in production. Each OR has to have found a row of its own.
    """
    rows = sum(work.rows for work in statement.work if work.kind is WorkKind.ROWS and work.object == column.table)
    bare = _LITERAL.sub("?", predicate)
    name = rf'(?<![\w]){re.escape(column.column)}(?![\w])"?'
    mentions, equalities = re.findall(name, bare), re.findall(name + _EQUALS, bare, re.IGNORECASE)
    return len(mentions) == len(equalities) and not _ELSEWHERE.search(bare) and rows > len(_OR.findall(bare))
