"""A dialogue of the frontend/backend protocol (manual 55.2), understood: which statements were executed, and how.

Requests may be sent long before they are answered: each waits in line until the server has answered it.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from rehearse.model.conversation import Exchange
from rehearse.stages.messages import text

_QUIET = "client_min_messages"
_DEBUG = "DEBUG"
_NAMES_OBJECTS = ("2BP01", "0A000")  # errors whose DETAIL names objects and no values


@dataclass(slots=True)
class _Act:
    """Something the client asked for that the server has not answered yet."""

    kind: str  # "Q", "P", "B", "D", "E", "C", "F", "S", as in the protocol
    at: float
    sql: str = ""
    string: int = 0
    limit: int = 0
    place: int = 0  # of the statement that is answered next
    has_failed: bool = False


@dataclass(slots=True)
class _Said:
    """A statement that was answered, while its transaction's status is not known yet."""

    act: _Act
    place: int
    tag: str | None
    started: float
    ended: float
    before: str
    application: str
    messages: tuple[str, ...]
    is_quiet: bool
    sqlstate: str | None = None
    error: str | None = None
    suspended_after: int | None = None


class Dialogue:
    """What client and server say to one another, message by message; moments are seconds since the epoch.

    A message that is not what the protocol says raises ValueError, IndexError, KeyError or struct.error.
    """

    def __init__(self, asked: Mapping[str, str]) -> None:
        self.is_quiet = any(_QUIET in each for pair in asked.items() for each in pair)
        self.pid: int | None = None
        self._application = asked.get("application_name", "")
        self._acts: deque[_Act] = deque()
        self._prepared: dict[str, str] = {}
        self._portals: dict[str, str] = {}
        self._since: float | None = None  # when what is executed next was parsed or bound
        self._strings = 0
        self._status = "I"
        self._answered = 0.0  # when the server last completed something
        self._is_skipping = False  # the server passes over everything up to the next Sync
        self._is_copying = False  # and over every Sync
        self._messages: list[str] = []
        self._cycle: list[_Said] = []
        self._found: list[Exchange] = []

    def exchanges(self) -> tuple[Exchange, ...]:
        """Return what was executed so far."""
        return (*self._found, *(self._exchange(each, "T") for each in self._cycle))

    def end(self, at: float) -> None:
        """Take in that the session has ended: whatever was not answered never will be."""
        cut = next((act for act in self._acts if act.kind in "QE" and not act.has_failed), None)
        self._close("I")
        if cut is not None:
            self._found.append(self._exchange(self._said(cut, None, at), "I", is_cut_off=True))

    def say(self, kind: str, body: bytes, at: float) -> None:
        """Take in what the client says."""
        if kind in "cf":
            self._is_copying = False
        elif self._is_skipping and kind != "S":
            return
        elif kind == "S":
            if not self._is_copying:
                self._is_skipping = False
                self._acts.append(_Act(kind, at))
        elif kind in "PBC":
            self._prepare(kind, body, at)
        elif kind == "E":
            self._execute(body, at)
        else:
            sql = text(body)[0] if kind == "Q" else ""
            self._acts.append(_Act(kind, at, sql=sql, string=self._next_string()))

    def _prepare(self, kind: str, body: bytes, at: float) -> None:
        """Take in Parse, Bind or Close: names of statements and portals."""
        sql = ""
        if kind == "P":
            name, end = text(body)
            sql, _ = text(body, end)
            self._prepared[name] = sql
        elif kind == "B":
            portal, end = text(body)
            statement, _ = text(body, end)
            sql = self._portals[portal] = self._prepared.get(statement, "")
        if kind != "C":
            self._since = at if self._since is None else self._since
        self._acts.append(_Act(kind, at, sql=sql, string=self._strings + 1))

    def _execute(self, body: bytes, at: float) -> None:
        portal, end = text(body)
        (limit,) = struct.unpack_from("!i", body, end)
        started = at if self._since is None else self._since
        self._since = None
        sql = self._portals.get(portal, "")
        self._acts.append(_Act("E", started, sql=sql, string=self._next_string(), limit=limit))

    def _next_string(self) -> int:
        self._strings += 1
        return self._strings

    def answer(self, kind: str, body: bytes, at: float) -> None:
        """Take in what the server says."""
        if kind == "N":
            fields = fields_of(body)
            if is_debug(fields):
                self._messages.append(fields.get("M", ""))
        elif kind == "S":
            name, end = text(body)
            if name == "application_name":
                self._application = text(body, end)[0]
        elif kind == "K":
            (self.pid,) = struct.unpack_from("!i", body)
        elif kind == "G":
            self._copy_in()
        elif kind == "E":
            self._fail(fields_of(body), at)
        elif kind == "Z":
            self._ready(chr(body[0]), at)
        else:
            self._complete(kind, body, at)

    def _complete(self, kind: str, body: bytes, at: float) -> None:
        act = self._acts[0] if self._acts else None
        if act is None:
            return
        if kind == "C" and act.kind in "QE":
            self._hear(act, text(body)[0], at)
        elif kind == "s":
            self._hear(act, "", at, suspended_after=act.limit)
        elif kind == "V":
            act.sql = "fastpath function call"
            self._hear(act, "FUNCTION CALL", at)
        # a row description answers a Describe of its own, and stands before the rows of a simple query
        is_over = {"1": "P", "2": "B", "3": "C", "T": "D", "n": "D", "C": "E", "I": "E", "s": "E"}.get(kind)
        if act.kind == is_over:
            self._acts.popleft()

    def _copy_in(self) -> None:
        """Take in that the server reads data, and heeds no Sync until they end (manual 55.2.6)."""
        self._is_copying = True
        self._acts = deque(act for place, act in enumerate(self._acts) if place == 0 or act.kind != "S")

    def _fail(self, fields: Mapping[str, str], at: float) -> None:
        self._is_copying = False
        act = self._acts[0] if self._acts else None
        if act is None:
            return  # the server ends the session, and says why to a client that asked nothing
        self._since = None
        if act.kind == "S" and self._cycle:  # what was executed before could not be committed
            act.sql, act.string = self._cycle[-1].act.sql, self._next_string()
        said = self._hear(act, None, at)
        act.has_failed = True
        said.sqlstate = fields.get("C", "")
        detail = "; ".join(fields.get("D", "").splitlines())
        said.error = fields.get("M", "") + (f" ({detail})" if detail and said.sqlstate in _NAMES_OBJECTS else "")
        if act.kind in "PBDEC":
            while self._acts and self._acts[0].kind != "S":
                self._acts.popleft()
            self._is_skipping = not self._acts

    def _ready(self, status: str, at: float) -> None:
        if self._acts and self._acts[0].kind in "QSF":
            self._acts.popleft()
        if self._cycle:
            self._cycle[-1].ended = at
        self._close(status)
        self._answered = at

    def _hear(self, act: _Act, tag: str | None, at: float, suspended_after: int | None = None) -> _Said:
        said = self._said(act, tag, at)
        said.suspended_after = suspended_after
        act.place += 1
        self._cycle.append(said)
        self._answered = at
        if _QUIET in act.sql.lower():
            self.is_quiet = True
        return said

    def _said(self, act: _Act, tag: str | None, at: float) -> _Said:
        messages, self._messages = tuple(self._messages), []
        return _Said(
            act=act,
            place=act.place,
            tag=tag,
            started=max(act.at, min(self._answered, at)),
            ended=at,
            before="T" if self._cycle else self._status,
            application=self._application,
            messages=messages,
            is_quiet=self.is_quiet,
        )

    def _close(self, status: str) -> None:
        """Everything up to here is over, and this is how the transaction stands."""
        for each in self._cycle[:-1]:
            self._found.append(self._exchange(each, "T"))
        for each in self._cycle[-1:]:
            self._found.append(self._exchange(each, status))
        self._cycle = []
        self._status = status

    def _exchange(self, said: _Said, after: str, *, is_cut_off: bool = False) -> Exchange:
        return Exchange(
            string=said.act.string,
            place=said.place,
            sql=said.act.sql,
            tag=said.tag,
            started=moment(said.started),
            ended=moment(max(said.ended, said.started)),
            before=said.before,
            after=after,
            application=said.application,
            sqlstate=said.sqlstate,
            error=said.error,
            while_parsed=said.act.kind in "PBD",
            suspended_after=said.suspended_after,
            messages=said.messages,
            is_quiet=said.is_quiet,
            is_cut_off=is_cut_off,
        )


def moment(at: float) -> datetime:
    """Return a moment of seconds since the epoch."""
    return datetime.fromtimestamp(at, UTC)


def fields_of(body: bytes) -> dict[str, str]:
    """Return the fields of an ErrorResponse or a NoticeResponse (manual 55.8)."""
    parts = body.decode(errors="replace").split("\0")
    return {part[0]: part[1:] for part in parts if part}


def is_debug(fields: Mapping[str, str]) -> bool:
    """Say whether a notice is of the kind the server is silent about unless it is asked."""
    return fields.get("V") == _DEBUG
