"""Which statement of a migration names an object, in its own text or in that of a function it calls."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rehearse.model.identity import quoted, split
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.same import Same
from rehearse.model.timeline import Outcome, Statement

_WORD = re.compile(r"[\w$]+")
_CALLED = re.compile(r'([\w$]+)"?\s*\(')
_CALLS = ("SELECT", "DO", "CALL")


def naming(rehearsal: Rehearsal, identity: str, pattern: str = "") -> Statement | None:
    """Return the first statement that names an object and, where a pattern is given, matches it in any case."""
    wanted = re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for statement, words in _spoken(Same(rehearsal)).naming(split(identity)[-1].lower()):
        if mentions(words, identity) and wanted.search(words):
            return statement
    return None


def mentioning(rehearsal: Rehearsal, identity: str) -> Iterator[Statement]:
    """Yield the statements that were applied and name an object in their own text, in order."""
    for statement, _ in _spoken(Same(rehearsal)).naming(split(identity)[-1].lower()):
        if mentions(statement.sql, identity):
            yield statement


def doing(
    rehearsal: Rehearsal, identity: str, verb: str, tags: tuple[str, ...] = ("ALTER", "DROP", "DO")
) -> Statement | None:
    """Return the first statement of these tags that says a verb of an object, or else of its table, by its own text.

    One that failed comes after all that were applied.
    """
    names = split(identity)
    failed = _spoken(Same(rehearsal)).failed
    for length in range(len(names), 1, -1):
        name = ".".join(map(quoted, names[:length]))
        for found in (*mentioning(rehearsal, name), *(each for each in failed if mentions(each.sql, name))):
            if found.tag.startswith(tags) and verb in found.sql.lower():
                return found
    return None


def text(rehearsal: Rehearsal, statement: Statement) -> str:
    """Return all that is known of a statement's words: its own, those of its commands and of functions it calls."""
    return _words(statement, _spoken(Same(rehearsal)).bodies)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spoken:
    """Every statement that was applied, found by the words it says, and those that failed."""

    bodies: Mapping[str, str]  # sources of functions, by their bare name
    all: Sequence[tuple[Statement, str]]
    by_word: Mapping[str, Sequence[tuple[Statement, str]]]
    failed: Sequence[Statement]

    def naming(self, name: str) -> Sequence[tuple[Statement, str]]:
        return self.by_word.get(name, ()) if _WORD.fullmatch(name) else self.all


@lru_cache(maxsize=1)
def _spoken(of: Same[Rehearsal]) -> _Spoken:
    bodies = _bodies(of.value)
    said = [
        (statement, _words(statement, bodies))
        for statement in of.value.timeline.statements
        if statement.outcome is Outcome.APPLIED
    ]
    by_word: dict[str, list[tuple[Statement, str]]] = defaultdict(list)
    for statement, words in said:
        for word in set(_WORD.findall(words.lower())):
            by_word[word].append((statement, words))
    failed = [found for found in of.value.timeline.statements if found.outcome is not Outcome.APPLIED]
    return _Spoken(bodies=bodies, all=said, by_word=by_word, failed=failed)


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
