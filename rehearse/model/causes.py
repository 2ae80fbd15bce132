"""Why values have changed: what the statements say, else what the catalog has that could have done it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from rehearse.model.catalog import CatalogObject
from rehearse.model.identity import split
from rehearse.model.naming import mentions, naming, text
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.timeline import Statement, WorkKind
from rehearse.model.values import ValueChange

_ACTIONS = ("ON DELETE SET NULL", "ON DELETE SET DEFAULT", "ON UPDATE SET NULL", "ON UPDATE SET DEFAULT")
_PARENTHESES = re.compile(r"\([^()]*\)")
_SET = re.compile(r"\bSET\b(.*?)(?=\b(?:WHERE|FROM|RETURNING|WHEN|SET)\b|;|$)", re.IGNORECASE | re.DOTALL)
_FOLLOWS = "ON UPDATE CASCADE"


class Cause(Enum):
    """What changed the values of a column."""

    DECLARED = "an UPDATE sets the column"
    TYPE = "the column has another type"
    REMADE = "the table was made anew under its name"
    KEY = "a foreign key emptied the column"
    FOLLOWED = "a foreign key followed its parent"
    TRIGGER = "a trigger wrote the column"
    UNKNOWN = "no statement sets the column"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a change of values comes from."""

    cause: Cause
    statement: Statement | None
    names: tuple[str, ...] = ()  # unquoted, of the foreign key or the triggers
    clause: str = ""  # of the foreign key
    types: tuple[str, str] | None = None  # before and afterwards, if the column has another one


def origin(rehearsal: Rehearsal, change: ValueChange) -> Origin:
    """Return the likeliest origin of a change: a statement that says so comes first."""
    declaring = _declaring(rehearsal, change)
    if declaring is not None:
        return Origin(cause=Cause.DECLARED, statement=declaring)
    types, retyping = _types(rehearsal, change), _retyping(rehearsal, change)
    if types is not None:
        return Origin(cause=Cause.TYPE, statement=retyping, types=types)
    if _is_remade(rehearsal, change.table):
        return Origin(cause=Cause.REMADE, statement=naming(rehearsal, change.table, r"\bDROP\b"))
    writing = next(_writers(rehearsal, change.table), None)
    for key, clause in _foreign_keys(rehearsal, change):
        cause = Cause.FOLLOWED if clause == _FOLLOWS else Cause.KEY
        return Origin(cause=cause, statement=writing, names=(split(key.identity)[-1],), clause=clause)
    triggers = _triggers(rehearsal, change)
    if triggers:
        return Origin(cause=Cause.TRIGGER, statement=writing, names=triggers)
    return Origin(cause=Cause.UNKNOWN, statement=writing)


def _declaring(rehearsal: Rehearsal, change: ValueChange) -> Statement | None:
    """Return the first statement that wrote rows of the table and says that it sets the column."""
    views = (found.identity for found in rehearsal.before.of_kind("view"))
    targets = [change.table, change.now.rpartition(".")[0], *views]
    for statement in _writers(rehearsal, change.table):
        words = text(rehearsal, statement)
        sets = any(_sets(words, split(column)[-1]) for column in (change.column, change.now))
        if sets and any(mentions(words, target) for target in targets):
            return statement
    return None


def _sets(words: str, column: str) -> bool:
    """Say whether a text has the column on the left of a SET, not only in what it computes or asks for.

    >>> _sets("UPDATE t SET a = (SELECT b FROM u WHERE c = 1), b = 2", "b")
    True
    >>> _sets("UPDATE t SET a = 1 WHERE b = 2", "b")
    False
    """
    name = rf'(?<![\w.$])"?{re.escape(column)}"?'
    if re.search(rf"\bSET\s*\([^)]*{name}\s*[,)]", words, re.IGNORECASE):
        return True
    flat, deeper = _PARENTHESES.sub("", words), words
    while flat != deeper:
        flat, deeper = _PARENTHESES.sub("", flat), flat
    return any(re.search(rf"(?:^|,)\s*{name}\s*=", part) for part in _SET.findall(flat))


def _writers(rehearsal: Rehearsal, table: str) -> Iterator[Statement]:
    places = {table, *(found.table for found in rehearsal.facts.tables if found.root == table)}
    for statement in rehearsal.timeline.statements:
        if any(work.kind is WorkKind.ROWS and work.object in places for work in statement.work):
            yield statement


def _retyping(rehearsal: Rehearsal, change: ValueChange) -> Statement | None:
    column = split(change.column)[-1]
    return naming(rehearsal, change.table, rf'\bALTER\s+(?:COLUMN\s+)?"?{re.escape(column)}"?\s[^,;]*?\bTYPE\b')


def _types(rehearsal: Rehearsal, change: ValueChange) -> tuple[str, str] | None:
    for found in rehearsal.changes:
        if found.kind == "column" and found.object == change.column and found.action == "altered":
            before, after = found.before or {}, found.after or {}
            if "type" in before:
                return str(before["type"]), str(after["type"])
    column = rehearsal.before.find("column", change.column)
    if column is not None and _retyping(rehearsal, change) is not None:  # another type of the same name
        return column.text("type"), column.text("type")
    return None


def _is_remade(rehearsal: Rehearsal, table: str) -> bool:
    old, new = rehearsal.before.find("table", table), rehearsal.after.find("table", table)
    return old is not None and new is not None and old.physical != new.physical


def _foreign_keys(rehearsal: Rehearsal, change: ValueChange) -> Iterator[tuple[CatalogObject, str]]:
    """Yield the foreign keys that may have set the column, with the clause that says so."""
    clauses = (*_ACTIONS, _FOLLOWS) if change.nulled else (_FOLLOWS, *_ACTIONS)
    column = change.column.removeprefix(f"{change.table}.")
    for found in rehearsal.before.of_kind("constraint"):
        columns = found.attributes.get("columns")
        if found.table == change.table and isinstance(columns, Sequence) and column in columns:
            yield from ((found, clause) for clause in clauses if clause in found.text("definition"))


def _triggers(rehearsal: Rehearsal, change: ValueChange) -> tuple[str, ...]:
    """Return the triggers of the table, those whose function names the column if any does."""
    functions = {
        found.identity.partition("(")[0]: found.text("source") for found in rehearsal.before.of_kind("function")
    }
    triggers = [found for found in rehearsal.before.of_kind("trigger") if found.table == change.table]
    naming_it = [
        found
        for found in triggers
        if any(
            f"{function}(" in found.text("definition") and mentions(source, change.column)
            for function, source in functions.items()
        )
    ]
    return tuple(split(found.identity)[-1] for found in naming_it or triggers)
