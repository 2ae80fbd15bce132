"""Which statement of a migration names an object, in its own text or in that of a function it calls."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rehearse.model.identity import split
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.timeline import Outcome, Statement

_CALLS = ("SELECT", "DO", "CALL")


def naming(rehearsal: Rehearsal, identity: str, pattern: str = "") -> Statement | None:
    """Return the first statement that names an object and, where a pattern is given, matches it in any case."""
    return next(_all(rehearsal, identity, pattern), None)


def text(rehearsal: Rehearsal, statement: Statement) -> str:
    """Return all that is known of a statement's words: its own, those of its commands and of functions it calls."""
    words = [statement.sql, *(command.sql or "" for command in statement.nested)]
    if statement.tag.startswith(_CALLS):
        words += [
            found.text("source")
            for catalog in (rehearsal.before, rehearsal.after)
            for found in catalog.of_kind("function")
            if mentions(statement.sql, found.identity.partition("(")[0])
        ]
    return "\n".join(words)


def mentions(words: str, identity: str) -> bool:
    """Say whether a text has the last name of an identity as a word.

    >>> mentions('ALTER TABLE orders DROP COLUMN "note"', "public.orders.note")
    True
    >>> mentions("DROP TABLE orders_old", "public.orders")
    False
    """
    return re.search(rf"(?<![\w$]){re.escape(split(identity)[-1])}(?![\w$])", words, re.IGNORECASE) is not None


def _all(rehearsal: Rehearsal, identity: str, pattern: str) -> Iterator[Statement]:
    for statement in rehearsal.timeline.statements:
        if statement.outcome is Outcome.APPLIED:
            words = text(rehearsal, statement)
            if mentions(words, identity) and re.search(pattern, words, re.IGNORECASE | re.DOTALL):
                yield statement
