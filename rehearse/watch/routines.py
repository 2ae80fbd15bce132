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
TRIGGER = "trigger "  # before the name of one, which no function has
_KINDS = ("FUNCTION", "PROCEDURE")
_READABLE = ("plpgsql", "sql")
_EVENTS = ("INSERT", "UPDATE", "DELETE", "TRUNCATE")
_NOTHING: frozenset[str] = frozenset()
_WRITING = {
    "INSERT": ("INSERT", "UPDATE"),  # ON CONFLICT
    "UPDATE": ("UPDATE",),
    "DELETE": ("DELETE",),
    "MERGE": ("INSERT", "UPDATE", "DELETE"),
    "TRUNCATE": ("TRUNCATE",),
    "COPY": ("INSERT",),
}
_FAR = 100  # words to the end of a list of tables
_UNPLANNED = ("COPY", "TRUNCATE")  # of whose triggers no plan tells
_MOST_READ = 12  # words of a CREATE up to the kind of object


@dataclass(frozen=True, slots=True, kw_only=True)
class Locking:
    """What code locks, as far as its text tells."""

    texts: frozenset[str] = frozenset()  # LOCK statements
    unclear: frozenset[str] = frozenset()  # routines whose LOCK cannot be read


@dataclass(frozen=True, slots=True, kw_only=True)
class _Routine:
    locks: frozenset[str]
    calls: frozenset[str]  # names that stand before a bracket, and events: "INSERT orders"
    is_clear: bool


class Routines:
    """Every routine and trigger that there was at some time of the migration."""

    def __init__(self, definitions: Iterable[str]) -> None:
        found: dict[str, set[_Routine]] = defaultdict(set)
        for name, routine in _relevant(definitions):
            found[name].add(routine)
        calls = {name: _NOTHING.union(*(each.calls for each in them)) & found.keys() for name, them in found.items()}
        locks = {name: _NOTHING.union(*(each.locks for each in them)) for name, them in found.items()}
        doubtful = _doubtful(found, _spread(locks, calls))
        sure = found.keys() - doubtful
        self._texts = _spread({name: locks[name] for name in sure}, {name: calls[name] for name in sure})
        self._unclear = _spread({name: frozenset({name} & doubtful) for name in found}, calls)
        self._locking = {name for name in found if self._texts.get(name) or self._unclear[name]}

    def of(self, execution: Execution) -> Locking:
        """Return what the routines lock that a statement calls, its triggers among them.

        Of DDL nothing: at its end the tracer lists every lock there is.
        """
        if strings.is_ddl(execution.sql):
            return Locking()
        texts = dict.fromkeys((execution.sql, *(plan.text for plan in execution.plans)))
        called = {f"{TRIGGER}{name}" for plan in execution.plans for name in plan.fired}
        for text in texts if self._locking else ():
            called |= _calls(tokens.tokens(text))
        if strings.word(execution.sql) in _UNPLANNED:
            called |= _writes(execution.sql)
        own = [_routine(body) for body in _bodies(execution.sql)] if strings.word(execution.sql) == "DO" else []
        called.update(*(each.calls for each in own))
        reached = sorted(called & self._locking)
        block = () if all(each.is_clear for each in own) else (BLOCK,)
        return Locking(
            texts=_NOTHING.union(*(self._texts.get(name, _NOTHING) for name in reached)),
            unclear=_NOTHING.union(block, *(self._unclear[name] for name in reached)),
        )


def definitions(executions: Iterable[Execution]) -> Iterator[str]:
    """Yield the statements that define a routine or a trigger, those within blocks of code included."""
    for each in executions:
        for text in (*tokens.parts(each.sql), *(ddl.sql for ddl in each.ddl if ddl.sql is not None)):
            if strings.word(text) == "CREATE":
                yield text


def _relevant(definitions: Iterable[str]) -> Iterator[tuple[str, _Routine]]:
    """Yield what speaks of a LOCK, and what speaks of that by its name, and so on."""
    waiting = {text: text.lower() for text in definitions}
    words = {"lock"}
    while words:
        texts = [text for text, lowered in waiting.items() if any(word in lowered for word in words)]
        found = [defined for text in texts for defined in _defined(text)]
        yield from found
        words = {name.rpartition(" ")[2].lower() for name, _ in found}
        for text in texts:
            del waiting[text]


def _doubtful(found: Mapping[str, set[_Routine]], reached: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Return the names of routines that cannot be read, or that do not all lock the same."""
    return frozenset(
        name
        for name, them in found.items()
        if not all(each.is_clear for each in them)
        or (
            not name.startswith(_EVENTS)  # which sets off every trigger there is for it
            and len({each.locks.union(*(reached.get(other, _NOTHING) for other in each.calls)) for each in them}) > 1
        )
    )


def _spread(own: Mapping[str, frozenset[str]], calls: Mapping[str, frozenset[str]]) -> Mapping[str, frozenset[str]]:
    """Return for each name what it has, and all that it calls."""
    found = dict(own)
    is_moving = True
    while is_moving:
        is_moving = False
        for name, called in calls.items():
            more = found[name].union(*(found.get(each, _NOTHING) for each in called))
            is_moving = is_moving or more != found[name]
            found[name] = more
    return found


def _defined(text: str) -> Iterator[tuple[str, _Routine]]:
    """Yield the routine or trigger a CREATE defines, with its name; a trigger by what sets it off, too."""
    said = list(tokens.tokens(text))
    kind = next((place for place, token in enumerate(said[:_MOST_READ]) if token.word in (*_KINDS, "TRIGGER")), None)
    if kind is None or "TABLE" in {token.word for token in said[:kind]}:
        return
    words = Words(said[kind + 1 :])
    name = (words.name() or (None, ""))[1]
    if said[kind].word == "TRIGGER":
        fired = _Routine(locks=frozenset(), calls=_calls(said[kind + 1 :]), is_clear=True)
        yield f"{TRIGGER}{name}", fired
        yield from ((event, fired) for event in _events(words))
        return
    yield name, _named(name, said[kind + 2 :], text)


def _events(words: Words) -> Iterator[str]:
    """Yield what sets off a trigger, read behind its name."""
    events = []
    while words.rest() and not words.take("ON"):
        events += [event for event in _EVENTS if words.rest()[0] == event]
        words.skip()
    table = (words.name() or (None, ""))[1]
    yield from (f"{event} {table}" for event in events)


def _named(name: str, said: list[Token], text: str) -> _Routine:
    """Return the routine of a name, given the words behind that."""
    language = next((other.name or other.inside for one, other in pairwise(said) if one.word == "LANGUAGE"), "sql")
    bodies = tuple(_bodies(text))
    if language not in _READABLE:
        is_clear = not any(token.word == "LOCK" for body in bodies for token in tokens.tokens(body.replace('"', " ")))
        return _Routine(locks=frozenset(), calls=frozenset(), is_clear=is_clear)
    found = [_routine(body) for body in bodies]
    return _Routine(
        locks=frozenset().union(*(each.locks for each in found)),
        calls=_calls(said).union(*(each.calls for each in found)) - {name},
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
        calls=_calls(said).union(*map(_writes, tokens.parts(body))),
        is_clear=not any(map(_is_built, tokens.parts(body))),
    )


def _is_built(statement: str) -> bool:
    """Say whether a statement of code holds a string that begins like a LOCK and may be run."""
    said = list(tokens.tokens(statement))
    if any(token.word in ("RAISE", *_KINDS) for token in said) or commands.is_executed(said):
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


def _writes(statement: str) -> frozenset[str]:
    """Return what a statement does to the tables it names, as triggers are set off by it."""
    said = list(tokens.tokens(statement))
    found = []
    for place, token in enumerate(said):
        if token.word in _WRITING:
            words = Words(said[place + 1 : place + _FAR])
            any(words.take(word) for word in ("INTO", "FROM", "TABLE"))
            found += [f"{event} {name}" for _, name, _ in words.names() for event in _WRITING[token.word]]
    return frozenset(found)


def _is_subject(words: list[Token], place: int) -> bool:
    """Say whether a name is what a command is about, and not what a trigger executes."""
    while place > 1 and words[place - 1].text == ".":
        place -= 2
    before = [token.word for token in words[max(place - 2, 0) : place]]
    return bool(before) and before[-1] in _KINDS and before[0] != "EXECUTE"
