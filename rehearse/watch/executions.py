"""Executions: what one client statement left in the log, from its first line to its last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from rehearse.watch.plans import Plan

Scans = Mapping[int, tuple[int, int]]  # by table: sequential scans begun, tuples they returned


@dataclass(frozen=True, slots=True, kw_only=True)
class Ddl:
    """One DDL command as the tracer saw it; commands nested in it are part of it."""

    tag: str
    started: datetime
    ended: datetime
    timeouts: Mapping[str, str]  # lock_timeout and statement_timeout, as they stood
    sql: str | None  # of a command within a block of code
    locks: tuple[tuple[int, str], ...]  # relation and mode, cumulative for the transaction
    objects: tuple[tuple[int, str], ...]  # relations it made or changed, and their identity since
    scans: Scans  # of this command alone
    rewrites: tuple[tuple[int, int], ...]  # relation and reason
    messages: tuple[str, ...]  # what the server said at DEBUG1
    plans: tuple[Plan, ...]
    vxid: str = ""
    wal_bytes: int | None = None  # written while it ran, by whomever; None: not told


@dataclass(frozen=True, slots=True, kw_only=True)
class LockWait:
    """A wait for a lock, from deadlock_timeout on."""

    mode: str
    awaited: str  # "relation 16386 of database 16385", "transaction 748"
    holders: tuple[int, ...]  # process ids
    started: datetime
    ended: datetime
    was_granted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One statement a client sent, and everything it made the server write down."""

    session: str
    position: int  # of its first line among all records: the collector writes them in the order they were said
    sql: str
    tag: str
    started: datetime
    ended: datetime
    vxid: str
    open_after: bool  # a transaction was still open afterwards
    application: str
    sqlstate: str | None
    error: str | None
    events: tuple[Ddl | Plan, ...]  # commands traced and plans run outside of them, in order
    messages: tuple[str, ...]  # what the server said at DEBUG1 outside of any traced command
    backend_gone: bool = False  # it never ended: the connection was lost
    is_late: bool = False  # its transaction had ended with an error before it began
    temp_bytes: int | None = 0  # of temporary files; None: not known of one statement among several
    waits: tuple[LockWait, ...] = ()
    refused: tuple[str, ...] = ()  # commands within its code that failed
    forged: int = 0  # lines its code wrote that look like the tracer's
    last: int | None = None  # position of its last line; None: not told

    @property
    def ddl(self) -> tuple[Ddl, ...]:
        return tuple(event for event in self.events if isinstance(event, Ddl))

    @property
    def plans(self) -> tuple[Plan, ...]:
        return tuple(event for event in self.events if isinstance(event, Plan))


@dataclass(frozen=True, slots=True, kw_only=True)
class Executions:
    """Every statement of every session, in the order the server began them."""

    statements: tuple[Execution, ...]
    unreadable: int
