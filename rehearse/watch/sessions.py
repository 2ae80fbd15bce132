"""Sessions: the lines each wrote, read in order into the statements it ran."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypedDict

from rehearse.watch import plans
from rehearse.watch.executions import Ddl, Execution, Executions, LockWait, Scans
from rehearse.watch.log import TRACE, Record
from rehearse.watch.plans import Plan

_STARTED = re.compile(r"(?:statement|execute [^:]*|execute fetch from [^:]*): (?P<sql>.*)", re.DOTALL)
_LASTED = re.compile(
    r"duration: (?P<ms>[0-9.]+) ms(?:  (?P<what>plan:\n|parse |bind |statement: |execute )(?P<rest>.*))?", re.DOTALL
)
_SPILLED = re.compile(r'temporary file: path ".*", size (?P<bytes>\d+)')
_WAITED = re.compile(
    r"process \d+ (?P<what>still waiting for|acquired) (?P<mode>\w+) on (?P<awaited>.*) after (?P<ms>[0-9.]+) ms"
)
_HOLDERS = re.compile(r"Process(?:es)? holding the lock: (?P<pids>[0-9, ]+)\.")
_WITHIN = re.compile(
    r'PL/pgSQL function _rehearse\.trace\(\) line \d+ at RAISE\nSQL statement "(?P<sql>.*?)"\nPL/pgSQL function ',
    re.DOTALL,
)
_FORGED = re.compile(rf"{TRACE}(start|end|rewrite|mark)\b")  # said by others than the tracer
_FAILED = ("ERROR", "FATAL", "PANIC")


def executions(records: Iterable[Record]) -> Executions:
    """Turn records, in the order of the log, into statements."""
    sessions: dict[str, _Session] = {}
    found: list[Execution] = []
    unreadable = 0
    for position, record in enumerate(records):
        session = sessions.setdefault(record.session, _Session())
        try:
            found.extend(session.read(position, record))
        except (ValueError, KeyError, TypeError, IndexError):
            unreadable += 1
    for session in sessions.values():
        found.extend(session.abandon())
    late = {position: plan for session in sessions.values() for position, plan in session.late}
    spilled = {position: bytes_ for session in sessions.values() for position, bytes_ in session.spilled.items()}
    complete = [_with_late(each, late, spilled) for each in found]
    return Executions(
        statements=tuple(
            sorted(
                (each for each in complete if each.sql.strip(" \t\r\n;")),
                key=lambda each: each.position,
            )
        ),
        unreadable=unreadable,
    )


def _with_late(execution: Execution, late: Mapping[int, Plan], spilled: Mapping[int, int]) -> Execution:
    plan = late.get(execution.position)
    return replace(
        execution,
        events=execution.events if plan is None else (*execution.events, plan),
        temp_bytes=(execution.temp_bytes or 0) + spilled.get(execution.position, 0),
    )


def _around(context: str) -> str | None:
    """Return the statement within a block of code that made the tracer speak, from its CONTEXT."""
    found = _WITHIN.match(context)
    return None if found is None else found["sql"]


class _End(TypedDict):
    """What the tracer says at the end of a command; lists that are empty are null."""

    tag: str
    wal: int | None
    objects: list[tuple[int, str]] | None
    locks: list[tuple[int, str]] | None
    scans: list[tuple[int, int, int]] | None


@dataclass(slots=True, kw_only=True)
class _Command:
    """A DDL command that has started."""

    tag: str
    started: datetime
    timeouts: Mapping[str, str]
    sql: str | None
    before: Scans
    wal: int | None  # the server's position when it began; None: it leaves out what production writes
    rewrites: list[tuple[int, int]] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    inner: list[Ddl] = field(default_factory=list)

    def finish(self, record: Record, found: _End) -> Ddl:
        after = _scans(found["scans"])
        return Ddl(
            tag=self.tag,
            started=self.started,
            ended=record.at,
            timeouts=self.timeouts,
            sql=self.sql,
            locks=tuple(sorted((oid, mode) for oid, mode in found["locks"] or [])),
            objects=tuple((oid, identity) for oid, identity in found["objects"] or []),
            scans=_difference(self.before, after),
            rewrites=(*self.rewrites, *(each for inner in self.inner for each in inner.rewrites)),
            messages=(*self.messages, *(each for inner in self.inner for each in inner.messages)),
            plans=(*self.plans, *(each for inner in self.inner for each in inner.plans)),
            vxid=record.vxid,
            wal_bytes=None if self.wal is None or found["wal"] is None else found["wal"] - self.wal,
        )


class _Open:
    """A statement whose end has not been read yet."""

    def __init__(self, record: Record, position: int, sql: str, started: datetime) -> None:
        self.record = record
        self.position = position
        self.sql = sql
        self.started = started
        self.events: list[Ddl | Plan] = []
        self.stack: list[_Command] = []
        self.messages: list[str] = []
        self.temp_bytes = 0
        self.waits: list[LockWait] = []
        self.forged = 0
        self.refused: list[str] = []

    def trace(self, record: Record) -> None:
        """Take in a line of the tracer."""
        kind, _, document = record.message[len(TRACE) :].partition(" ")
        found = json.loads(document)
        if kind == "rewrite" and self.stack:
            self.stack[-1].rewrites.append((int(found[0]), int(found[1])))
        elif kind == "start":
            command = _Command(
                tag=found["tag"],
                started=record.at,
                timeouts={name: found[name] for name in ("lock_timeout", "statement_timeout")},
                sql=_around(record.context or ""),
                before=_scans(found["scans"]),
                wal=found["wal"],
            )
            self.stack.append(command)
        elif kind == "end":
            self._finish(record, found)

    def _finish(self, record: Record, found: _End) -> None:
        while self.stack:
            command = self.stack.pop()
            if command.tag == found["tag"]:
                self._keep(command.finish(record, found))
                return
            self._give_up(command)

    def _give_up(self, command: _Command) -> None:
        """Take in that a command failed and was caught: what ran in it still ran."""
        self.refused.extend(filter(None, [command.sql]))
        self._keep(*command.inner)

    def _keep(self, *finished: Ddl) -> None:
        if self.stack:
            self.stack[-1].inner.extend(finished)
        else:
            self.events.extend(finished)

    def say(self, message: str) -> None:
        (self.stack[-1].messages if self.stack else self.messages).append(message)

    def plan(self, plan: Plan) -> None:
        if self.stack:
            self.stack[-1].plans.append(plan)
        else:
            self.events.append(plan)

    def wait(self, record: Record, waited: re.Match[str]) -> None:
        """Take in that a lock is waited for, or was got at last."""
        started = record.at - timedelta(milliseconds=float(waited["ms"]))
        holders = _HOLDERS.search(record.detail or "")
        found = LockWait(
            mode=waited["mode"],
            awaited=waited["awaited"],
            holders=tuple(int(pid) for pid in holders["pids"].split(", ")) if holders else (),
            started=started,
            ended=record.at,
            was_granted=waited["what"] == "acquired",
        )
        if self.waits and not self.waits[-1].was_granted and self.waits[-1].awaited == found.awaited:
            earlier = self.waits.pop()
            found = replace(found, started=earlier.started, holders=earlier.holders or found.holders)
        self.waits.append(found)

    def close(self, record: Record, position: int, ended: datetime, *, failed: bool = False) -> Execution:
        """Return the finished statement, given the last line it wrote and where that stands."""
        while self.stack:
            self._give_up(self.stack.pop())
        return Execution(
            session=record.session,
            position=self.position,
            sql=self.sql,
            tag=record.ps,
            started=self.started,
            ended=max(ended, self.started),
            vxid=self.record.vxid,
            open_after=not record.vxid.endswith("/0"),
            application=self.record.application,
            sqlstate=record.sqlstate if failed else None,
            error=record.message if failed else None,
            events=tuple(self.events),
            messages=tuple(self.messages),
            temp_bytes=self.temp_bytes,
            waits=tuple(each if each.was_granted else replace(each, ended=record.at) for each in self.waits),
            refused=tuple(self.refused),
            forged=self.forged,
            last=position,
        )


class _Session:
    """The lines of one session, read in order."""

    def __init__(self) -> None:
        self.position = 0  # of the record being read
        self.open: _Open | None = None
        self.prepared: datetime | None = None  # when PARSE or BIND of the coming statement began
        self.late: list[tuple[int, Plan]] = []  # plans of portals closed after their statement had ended
        self.spilled: dict[int, int] = defaultdict(int)  # bytes of temporary files put away after that
        self.owner: int | None = None  # position of the statement whose portal is being closed
        self.texts: dict[str, int] = {}  # position of the last statement with this text

    def read(self, position: int, record: Record) -> Iterator[Execution]:
        """Take in one record; yield the statement it ends."""
        self.position = position
        message = record.message
        if record.severity in _FAILED:
            yield self._fail(record)
        elif record.is_traced:
            if self.open:
                self.open.trace(record)
        elif not record.is_servers:
            if self.open and _FORGED.match(message):
                self.open.forged += 1
        elif record.severity != "LOG":
            if self.open:
                self.open.say(message)
        elif started := _STARTED.fullmatch(message):
            yield from self._start(record, started["sql"])
        elif lasted := _LASTED.fullmatch(message):
            yield from self._last(record, float(lasted["ms"]), lasted["what"] or "", lasted["rest"] or "")
        else:
            self._note(record)

    def _note(self, record: Record) -> None:
        """Take in what the server says of temporary files and of waits."""
        if spilled := _SPILLED.fullmatch(record.message):
            self._spill(int(spilled["bytes"]))
        elif self.open and (waited := _WAITED.fullmatch(record.message)):
            self.open.wait(record, waited)

    def abandon(self) -> Iterator[Execution]:
        """Yield the statement that never ended: its backend went away."""
        if self.open:
            yield replace(self.open.close(self.open.record, self.position, self.open.started), backend_gone=True)

    def _start(self, record: Record, sql: str) -> Iterator[Execution]:
        yield from self.abandon()
        self.open = _Open(record, self.position, sql, min(self.prepared or record.at, record.at))
        self.prepared = None
        self.owner = None
        self.texts[sql] = self.position

    def _fail(self, record: Record) -> Execution:
        opened = self.open or _Open(record, self.position, record.statement or "", self.prepared or record.at)
        self.open, self.prepared = None, None
        return opened.close(record, self.position, record.at, failed=True)

    def _last(self, record: Record, ms: float, what: str, rest: str) -> Iterator[Execution]:
        lasted = timedelta(milliseconds=ms)
        if what.startswith("plan"):
            self._plan(replace(plans.parse(rest, record.at), vxid=record.vxid))
        elif what in ("parse ", "bind "):
            self.prepared = self.prepared or record.at - lasted
        elif self.open is None:
            sql = rest.partition(": ")[2] if what == "execute " else rest
            yield _Open(record, self.position, sql, record.at - lasted).close(record, self.position, record.at)
        else:
            opened, self.open = self.open, None
            ended = min(opened.record.at + lasted, record.at + timedelta(milliseconds=1))
            yield opened.close(record, self.position, ended)

    def _plan(self, plan: Plan) -> None:
        """Give a plan to the statement it belongs to; a portal may be closed after its statement ended."""
        if self.open is None or (plan.text != self.open.sql and plan.text in self.texts):
            if (position := self.texts.get(plan.text)) is not None:
                self.late.append((position, plan))
                self.owner = position
            return
        self.open.plan(plan)

    def _spill(self, bytes_: int) -> None:
        if self.owner is not None:
            self.spilled[self.owner] += bytes_
        elif self.open:
            self.open.temp_bytes += bytes_


def _scans(found: list[tuple[int, int, int]] | None) -> Scans:
    return {oid: (scans, tuples) for oid, scans, tuples in found or []}


def _difference(before: Scans, after: Scans) -> Scans:
    """Return what was counted in between; a counter that went down was flushed and starts from zero."""
    found = {}
    for oid, (scans, tuples) in after.items():
        earlier, read = before.get(oid, (0, 0))
        if scans < earlier:
            earlier, read = 0, 0
        if scans > earlier:
            found[oid] = (scans - earlier, tuples - read)
    return found
