"""A timeline: what the server did while the migration ran."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from functools import lru_cache

from rehearse.model.same import Same


class LockMode(Enum):
    """A table-level lock mode, weakest first (manual 13.3.1, Table-Level Locks)."""

    ACCESS_SHARE = "AccessShareLock"
    ROW_SHARE = "RowShareLock"
    ROW_EXCLUSIVE = "RowExclusiveLock"
    SHARE_UPDATE_EXCLUSIVE = "ShareUpdateExclusiveLock"
    SHARE = "ShareLock"
    SHARE_ROW_EXCLUSIVE = "ShareRowExclusiveLock"
    EXCLUSIVE = "ExclusiveLock"
    ACCESS_EXCLUSIVE = "AccessExclusiveLock"

    @property
    def strength(self) -> int:
        return _STRENGTHS[self.value]

    @property
    def blocks_writes(self) -> bool:
        """Conflicts with ROW EXCLUSIVE, which INSERT, UPDATE and DELETE take."""
        return self.strength >= LockMode.SHARE.strength

    @property
    def blocks_reads(self) -> bool:
        """Conflicts with ACCESS SHARE, which SELECT takes."""
        return self is LockMode.ACCESS_EXCLUSIVE

    @property
    def blocks(self) -> tuple[str, ...]:
        """Return what ordinary traffic the lock stops: "reads", "writes".

        >>> LockMode.SHARE.blocks
        ('writes',)
        """
        return (("reads",) if self.blocks_reads else ()) + (("writes",) if self.blocks_writes else ())


_STRENGTHS = {mode.value: strength for strength, mode in enumerate(LockMode)}


class WorkKind(Enum):
    """What a statement did to rows."""

    REWRITE = "rewrite"  # the table's file was written anew
    SCAN = "scan"  # every row read, to verify or to search; not a small table for the row of one key
    INDEX_BUILD = "index-build"  # an index built or rebuilt
    ROWS = "rows"  # rows inserted, updated, deleted or truncated
    METADATA = "metadata"  # the catalog only


class Outcome(Enum):
    APPLIED = "applied"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Work proportional to rows that one statement did on one relation."""

    kind: WorkKind
    object: str  # the table, quoted identity; for an index build the indexed table
    rows: int  # rows on the stage
    detail: str = ""  # "volatile default", "validating constraint x", the index, "update"
    existed_before: bool = True  # False: the relation was created by the migration itself
    is_constant: bool = False  # chosen by a key or written out: as many rows in a table of any size
    ended: datetime | None = field(default=None, compare=False)  # of a query, maybe one of many in a block of code

    @property
    def proves(self) -> bool:
        """Say whether rows were read to prove a constraint, and not for a query."""
        return self.kind is WorkKind.SCAN and self.detail.startswith("validating")


@dataclass(frozen=True, slots=True, kw_only=True)
class NestedCommand:
    """One DDL command that a block of code or a function ran; its work is part of the statement's."""

    tag: str  # "ALTER TABLE"
    sql: str | None  # None where the server does not tell it: in functions written in SQL
    started: datetime
    ended: datetime
    work: tuple[Work, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One top-level statement of the migration."""

    number: int  # total order over the run
    session: str  # the server's session_id
    transaction: str  # equal for statements of one transaction: "session/vxid"
    step: str | None  # id of the step it ran in; None: before the first step
    sql: str
    tag: str  # command tag: "ALTER TABLE"
    started: datetime
    ended: datetime
    outcome: Outcome
    sqlstate: str | None = None
    message: str | None = None  # primary error message, values redacted
    work: tuple[Work, ...] = ()
    lock_timeout: timedelta | None = None  # in force; None: not observed; zero: none set
    statement_timeout: timedelta | None = None  # likewise
    rows: int | None = None  # returned or affected; None: the server does not tell exactly
    wal_bytes: int | None = None  # of write-ahead log, up to its commit; None: not told exactly
    temp_bytes: int | None = None  # spilled to temporary files; None: one of several in a string that spilled
    nested: tuple[NestedCommand, ...] = ()

    @property
    def duration(self) -> timedelta:
        return self.ended - self.started


@dataclass(frozen=True, slots=True, kw_only=True)
class LockWindow:
    """A table lock of the migration on a relation that existed before it, from request to commit."""

    object: str  # the table (index locks are mapped to their table), quoted identity
    mode: LockMode
    session: str
    transaction: str
    step: str | None  # the step that took it
    statement: int  # number of the statement that took it
    acquired: datetime
    released: datetime
    lock_timeout: timedelta | None  # in force when it was requested; None: not observed
    on_index: bool = False
    statement_timeout: timedelta | None = None  # in force when it was requested; None: not observed
    is_modelled: bool = False  # the command is known to take it, and nobody saw it
    released_by: int | None = None  # number of the statement that gave it back before the transaction ended

    def is_held_at(self, statement: int) -> bool:
        """Say whether the transaction held it while its statement of this number ran."""
        return self.statement <= statement and (self.released_by is None or statement <= self.released_by)

    def covers(self, statement: Statement, work: Work) -> bool:
        """Say whether it was held while a statement of its transaction did this; code may lock afterwards."""
        is_earlier = statement.number == self.statement and work.ended is not None and work.ended <= self.acquired
        return self.is_held_at(statement.number) and not is_earlier

    @property
    def held(self) -> timedelta:
        return self.released - self.acquired


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """A wait of the migration for a lock that another of its connections held; the short ones are not told."""

    session: str  # that waited
    holders: tuple[str, ...]  # sessions that held the lock when it was first asked who does
    statement: int  # number of the statement that waited
    mode: str  # as pg_locks calls it: "AccessExclusiveLock"
    awaited: str  # the table, quoted identity, or what else: "transaction 748"
    started: datetime
    ended: datetime
    was_granted: bool  # False: it was given up

    @property
    def duration(self) -> timedelta:
        return self.ended - self.started


class Aim(Enum):
    """What a disturbance is aimed at."""

    TRACER = "tracer"  # the objects of the watch, and the role they belong to
    LOG = "log"  # what the server writes down, or what is written into it in the watch's name
    TRIGGERS = "triggers"  # triggers and foreign keys: those of the watch fire all the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturbance:
    """A statement that would remove, silence or deceive the watch, if PostgreSQL let it."""

    aim: Aim
    object: str  # "_rehearse_end", "log_statement"
    told: str  # completes "tried to ..."
    statement: int  # number
    step: str | None
    sql: str
    said: str | None = None  # PostgreSQL's answer; None: the statement itself caught it


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSize:
    """What belongs to a table, in bytes."""

    table: int
    indexes: int
    toast: int  # with its index

    @property
    def total(self) -> int:
        return self.table + self.indexes + self.toast


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeChange:
    """A table that has another size after the migration than before."""

    object: str  # quoted identity, as it was before
    before: TableSize
    after: TableSize | None  # None: it is gone


@dataclass(frozen=True, slots=True, kw_only=True)
class RebuiltIndex:
    """An index of the same name as before that is another one."""

    object: str  # quoted identity
    table: str
    old_oid: int
    new_oid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StepMark:
    """When a step began on the server, by its marker in the log."""

    step: str
    started: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Every statement and every table lock of the migration, in order."""

    statements: tuple[Statement, ...]
    locks: tuple[LockWindow, ...]
    marks: tuple[StepMark, ...] = ()
    complete: bool = True  # False: records are missing, and then no verdict may be "safe"
    gaps: tuple[str, ...] = ()  # why it is not complete, in sentences
    notes: tuple[str, ...] = ()  # things worth saying that hide nothing
    waits: tuple[Wait, ...] = ()
    disturbances: tuple[Disturbance, ...] = ()
    sizes: tuple[SizeChange, ...] = ()
    rebuilt: tuple[RebuiltIndex, ...] = ()

    def statement(self, number: int) -> Statement | None:
        return _numbers(Same(self)).get(number)

    def locks_of(self, transaction: str) -> tuple[LockWindow, ...]:
        """Return the locks that a transaction took, in order."""
        return _transactions(Same(self)).get(transaction, ())


@lru_cache(maxsize=2)
def _numbers(timeline: Same[Timeline]) -> Mapping[int, Statement]:
    return {found.number: found for found in reversed(timeline.value.statements)}


@lru_cache(maxsize=2)
def _transactions(timeline: Same[Timeline]) -> Mapping[str, tuple[LockWindow, ...]]:
    found: dict[str, list[LockWindow]] = {}
    for lock in timeline.value.locks:
        found.setdefault(lock.transaction, []).append(lock)
    return {transaction: tuple(locks) for transaction, locks in found.items()}
