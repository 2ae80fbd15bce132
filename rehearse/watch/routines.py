"""Routines: functions and procedures that LOCK tables, of which neither event triggers nor the log tell.

What they lock is read from their text, whether the place was reached or not, as it is for a DO block. A command that
is put together from strings cannot be read, nor which of several functions of one name was called.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from rehearse.watch import commands, strings, tokens
from rehearse.watch.executions import Execution
from rehearse.watch.tokens import Token
from rehearse.watch.words import Words

BLOCK = "a block of code"
_KINDS = ("FUNCTION", "PROCEDURE")
_READABLE = ("plpgsql", "sql")
_TRIGGER = "trigger "  # before the name of one, which no function has
_MOST_READ = 12  # words of a CREATE up to the kind of object


@dataclass(frozen=True, slots=True, kw_only=True)
class Locking:
    """What code locks, as far as its text tells."""

    texts: frozenset[str] = frozenset()  # LOCK statements
    unclear: frozenset[str] = frozenset()  # routines whose LOCK cannot be read


@dataclass(frozen=True, slots=True, kw_only=True)
class _Routine:
    locks: frozenset[str]
    calls: frozenset[str]  # names that stand before a bracket
    is_clear: bool


class Routines:
    """Every routine and trigger that there was at some time of the migration."""

    def __init__(self, definitions: Iterable[str]) -> None:
        found: dict[str, set[_Routine]] = defaultdict(set)
        for text in definitions:
            if defined := _defined(text):
                found[defined[0]].add(defined[1])
        self._by_name: Mapping[str, frozenset[_Routine]] = {name: frozenset(them) for name, them in found.items()}
        self._locking = {name for name in found if self._of_name(name, frozenset()) != Locking()}

    def of(self, execution: Execution) -> Locking:
        """Return what the routines lock that a statement calls, its triggers among them.

        Of DDL nothing: at its end the tracer lists every lock there is.
        """
        if strings.is_ddl(execution.sql):
            return Locking()
        texts = dict.fromkeys((execution.sql, *(plan.text for plan in execution.plans)))
        called = {f"{_TRIGGER}{name}" for plan in execution.plans for name in plan.fired}
        for text in texts if self._locking else ():
            called |= _calls(tokens.tokens(text))
        own = [_routine(body) for body in _bodies(execution.sql)] if strings.word(execution.sql) == "DO" else []
        called.update(*(each.calls for each in own))
        found = _together(self._of_name(name, frozenset()) for name in sorted(called & self._locking))
        if all(each.is_clear for each in own):
            return found
        return Locking(texts=found.texts, unclear=found.unclear | {BLOCK})

    def _of_name(self, name: str, above: frozenset[str]) -> Locking:
        """Return what the routines of a name lock; where they differ, it is not clear which was called."""
        if name in above:
            return Locking()
        found = {self._of_routine(name, each, above | {name}) for each in self._by_name.get(name, ())}
        if len(found) < 2:  # noqa: PLR2004 - one, or none
            return _together(found)
        return Locking(unclear=frozenset({name.removeprefix(_TRIGGER)}).union(*(each.unclear for each in found)))

    def _of_routine(self, name: str, routine: _Routine, above: frozenset[str]) -> Locking:
        own = Locking(texts=routine.locks, unclear=frozenset() if routine.is_clear else frozenset({name}))
        return _together((own, *(self._of_name(each, above) for each in sorted(routine.calls & self._by_name.keys()))))


def definitions(executions: Iterable[Execution]) -> Iterator[str]:
    """Yield the statements that define a routine or a trigger, those within blocks of code included."""
    for each in executions:
        for text in (*tokens.parts(each.sql), *(ddl.sql for ddl in each.ddl if ddl.sql is not None)):
            if strings.word(text) == "CREATE":
                yield text


def _together(found: Iterable[Locking]) -> Locking:
    them = tuple(found)
    return Locking(
        texts=frozenset().union(*(each.texts for each in them)),
        unclear=frozenset().union(*(each.unclear for each in them)),
    )


def _defined(text: str) -> tuple[str, _Routine] | None:
    """Return the routine or trigger a CREATE defines, with its name."""
    said = list(tokens.tokens(text))
    kind = next((place for place, token in enumerate(said[:_MOST_READ]) if token.word in (*_KINDS, "TRIGGER")), None)
    if kind is None or "TABLE" in {token.word for token in said[:kind]}:
        return None
    words = Words(said[kind + 1 :])
    name = (words.name() or (None, ""))[1]
    if said[kind].word == "TRIGGER":
        return f"{_TRIGGER}{name}", _Routine(locks=frozenset(), calls=_calls(said[kind + 1 :]), is_clear=True)
    language = next((other.name or other.inside for one, other in pairwise(said) if one.word == "LANGUAGE"), "sql")
    bodies = tuple(_bodies(text))
    if language not in _READABLE:
        is_clear = not any(token.word == "LOCK" for body in bodies for token in tokens.tokens(body.replace('"', " ")))
        return name, _Routine(locks=frozenset(), calls=frozenset(), is_clear=is_clear)
    found = [_routine(body) for body in bodies]
    return name, _Routine(
        locks=frozenset().union(*(each.locks for each in found)),
        calls=_calls(said[kind + 2 :]).union(*(each.calls for each in found)) - {name},
        is_clear=all(each.is_clear for each in found),
    )


def _bodies(text: str) -> Iterator[str]:
    """Yield the bodies of code in a statement that defines or is code."""
    said = list(tokens.tokens(text))
    for before, token in pairwise(said):
        if token.inside is not None and (before.word in ("AS", "DO") or token.kind == "dollar"):
            yield token.inside


def _routine(body: str) -> _Routine:
    said = list(tokens.tokens(body))
    return _Routine(
        locks=frozenset(each for each in commands.nested(body) if strings.word(each) == "LOCK"),
        calls=_calls(said),
        is_clear=not any(map(_is_built, tokens.parts(body))),
    )


def _is_built(statement: str) -> bool:
    """Say whether a statement of code holds a string that begins like a LOCK, and does more than tell it."""
    said = list(tokens.tokens(statement))
    if any(token.word == "RAISE" for token in said) or commands.is_executed(said):
        return False
    return any(strings.word(token.inside) == "LOCK" for token in said if token.inside is not None)


def _calls(said: Iterable[Token]) -> frozenset[str]:
    """Return the names of what is called, which is not what a CREATE or DROP FUNCTION is about."""
    words = list(said)
    return frozenset(
        one.name
        for place, (one, other) in enumerate(pairwise(words))
        if one.name is not None and other.text == "(" and not _is_subject(words, place)
    )


def _is_subject(words: list[Token], place: int) -> bool:
    """Say whether a name is what a command is about, and not what a trigger executes."""
    while place > 1 and words[place - 1].text == ".":
        place -= 2
    before = [token.word for token in words[max(place - 2, 0) : place]]
    return bool(before) and before[-1] in _KINDS and before[0] != "EXECUTE"
