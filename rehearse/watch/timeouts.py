"""The lock_timeout in force when each statement began."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta

from rehearse.watch import tokens
from rehearse.watch.executions import Execution

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


def timeouts(executions: Iterable[Execution], default: timedelta | None) -> tuple[timedelta | None, ...]:
    """Return for each statement the timeout it ran under.

    The tracer tells it for every DDL command; between those, SET statements are followed.
    """
    sessions: dict[str, _Session] = {}
    return tuple(sessions.setdefault(each.session, _Session(default)).before(each) for each in executions)


class _Session:
    """What one session has set."""

    def __init__(self, default: timedelta | None) -> None:
        self.default = default
        self.lasting = default
        self.local: timedelta | None = None
        self.local_to = ""

    def before(self, execution: Execution) -> timedelta | None:
        """Return the timeout a statement runs under, and follow what it changes."""
        if self.local_to != execution.vxid:
            self.local, self.local_to = None, ""
        if execution.ddl:
            self._observe(parse(execution.ddl[0].lock_timeout), execution.vxid)
        in_force = self.local if self.local_to else self.lasting
        self._follow(execution)
        return in_force

    def _observe(self, seen: timedelta | None, vxid: str) -> None:
        if seen != (self.local if self.local_to else self.lasting):
            self.local, self.local_to = seen, vxid

    def _follow(self, execution: Execution) -> None:
        words = list(tokens.tokens(execution.sql)) if execution.tag in ("SET", "RESET") else []
        said = [token.word for token in words]
        if execution.error is not None or "LOCK_TIMEOUT" not in said[:3]:
            return
        value = words[-1].text.strip("'").lower()
        wanted = self.default if value == "default" or said[0] == "RESET" else parse(value)
        if "LOCAL" in said[:2]:
            self.local, self.local_to = wanted, execution.vxid
        else:
            self.lasting, self.local, self.local_to = wanted, None, ""
