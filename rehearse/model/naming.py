"""Which statement of a migration names an object, in its own text or in that of a function it calls."""

from __future__ import annotations

import re
from collections.abc import Mapping

from rehearse.model.identity import split
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.timeline import Outcome, Statement

_CALLED = re.compile(r'([\w$]+)"?\s*\(')
_CALLS = ("SELECT", "DO", "CALL")


def naming(rehearsal: Rehearsal, identity: str, pattern: str = "") -> Statement | None:
    """Return the first statement that names an object and, where a pattern is given, matches it in any case."""
    bodies = _bodies(rehearsal)
    wanted = re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for statement in rehearsal.timeline.statements:
        if statement.outcome is Outcome.APPLIED:
            words = _words(statement, bodies)
            if mentions(words, identity) and wanted.search(words):
                return statement
    return None


def text(rehearsal: Rehearsal, statement: Statement) -> str:
    """Return all that is known of a statement's words: its own, those of its commands and of functions it calls."""
    return _words(statement, _bodies(rehearsal))


def _bodies(rehearsal: Rehearsal) -> Mapping[str, str]:
    """Return the sources of functions by their bare name, those of one name together."""
    found: dict[str, str] = {}
    for catalog in (rehearsal.before, rehearsal.after):
        for function in catalog.of_kind("function"):
            name = split(function.identity.partition("(")[0])[-1].lower()
            found[name] = f"{found.get(name, '')}\n{function.text('source')}"
    return found


def _words(statement: Statement, bodies: Mapping[str, str]) -> str:
    words = [statement.sql, *(command.sql or "" for command in statement.nested)]
    if statement.tag.startswith(_CALLS):
        words += [bodies[name] for name in {call.lower() for call in _CALLED.findall(statement.sql)} if name in bodies]
    return "\n".join(words)


def mentions(words: str, identity: str) -> bool:
    """Say whether a text has the last name of an identity as a word.

    >>> mentions('ALTER TABLE orders DROP COLUMN "note"', "public.orders.note")
    True
    >>> mentions("DROP TABLE orders_old", "public.orders")
    False
    """
    name = split(identity)[-1]
    if name.lower() not in words.lower():  # most texts, and much faster to tell
        return False
    return re.search(rf"(?<![\w$]){re.escape(name)}(?![\w$])", words, re.IGNORECASE) is not None
