"""The lock_timeout and the statement_timeout in force when each statement began."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from rehearse.watch import tokens
from rehearse.watch.executions import Ddl, Execution

_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "min": 60_000.0, "h": 3_600_000.0, "d": 86_400_000.0, "": 1.0}
_AMOUNT = re.compile(r"\s*(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[a-z]*)\s*")


def parse(text: str) -> timedelta | None:
    """Return a setting of time as PostgreSQL writes it, plain numbers being milliseconds; None if it is none.

    >>> parse("1500ms"), parse("2s"), parse("0")
    (datetime.timedelta(seconds=1, microseconds=500000), datetime.timedelta(seconds=2), datetime.timedelta(0))
    """
    match = _AMOUNT.fullmatch(text)
    if match is None or match["unit"] not in _UNITS:
        return None
    return timedelta(milliseconds=float(match["number"]) * _UNITS[match["unit"]])


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """What is in force; None: not observed; zero: no limit."""

    lock: timedelta | None
    statement: timedelta | None


UNOBSERVED = Timeouts(lock=None, statement=None)


def of(command: Ddl, in_force: Timeouts) -> Timeouts:
    """Return the timeouts the tracer saw in force when a command began; where it saw none, those of its statement."""
    if not command.timeouts:
        return in_force
    lock, statement = (parse(command.timeouts[name]) for name in ("lock_timeout", "statement_timeout"))
    return Timeouts(lock=lock, statement=statement)


def timeouts(executions: tuple[Execution, ...], default: Timeouts, undone: Mapping[int, int]) -> tuple[Timeouts, ...]:
    """Return for each statement the timeouts it ran under.

    The tracer tells them for every DDL command; between those, SET statements are followed, until they are rolled
    back: `undone` has, for the place of each statement that takes something back, the place it goes back to.
    """
    lock = _follow(executions, "lock_timeout", default.lock, undone)
    statement = _follow(executions, "statement_timeout", default.statement, undone)
    return tuple(Timeouts(lock=one, statement=other) for one, other in zip(lock, statement, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """What one session has set."""

    lasting: timedelta | None
    local: timedelta | None = None
    local_to: str = ""  # the transaction

    @property
    def in_force(self) -> timedelta | None:
        return self.local if self.local_to else self.lasting


def _follow(
    executions: tuple[Execution, ...], setting: str, default: timedelta | None, undone: Mapping[int, int]
) -> list[timedelta | None]:
    sessions: dict[str, _State] = {}
    before: list[_State] = []
    found = []
    for place, each in enumerate(executions):
        state = _entering(sessions.get(each.session, _State(lasting=default)), setting, each)
        before.append(state)
        found.append(state.in_force)
        sessions[each.session] = before[undone[place]] if place in undone else _after(state, setting, default, each)
    return found


def _entering(state: _State, setting: str, execution: Execution) -> _State:
    """Return what is in force when a statement begins: SET LOCAL has ended with its transaction."""
    if state.local_to != execution.vxid:
        state = replace(state, local=None, local_to="")
    if execution.ddl:
        seen = parse(execution.ddl[0].timeouts[setting])
        if seen != state.in_force:
            return replace(state, local=seen, local_to=execution.vxid)
    return state


def _after(state: _State, setting: str, default: timedelta | None, execution: Execution) -> _State:
    words = list(tokens.tokens(execution.sql)) if execution.tag in ("SET", "RESET") else []
    said = [token.word for token in words]
    if execution.error is not None or setting.upper() not in said[:3]:
        return state
    value = words[-1].text.strip("'").lower()
    wanted = default if value == "default" or said[0] == "RESET" else parse(value)
    if "LOCAL" in said[:2]:
        return replace(state, local=wanted, local_to=execution.vxid)
    return _State(lasting=wanted)
