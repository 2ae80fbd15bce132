"""The sampler: looks now and then who waits for whom, and who has let go already.

It adds waits, and ends of locks that were released before their statement ended; it never decides whether a lock
existed.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import psycopg
from psycopg.rows import class_row

from rehearse.db.connect import connect_stage
from rehearse.db.queries import query
from rehearse.db.said import said

INTERVAL = timedelta(milliseconds=20)
REPORTED_AFTER = timedelta(seconds=2)
CANCELLED_AFTER = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """One migrating backend at one moment."""

    pid: int
    session: str
    role: str
    idle_in_transaction: bool
    waiting: bool
    blockers: list[int]
    now: datetime
    statement: datetime | None = None  # when it began
    ending: bool = False  # it is a COMMIT
    locking: bool | None = None  # it holds a relation in SHARE mode or stronger; None: not asked


@dataclass(slots=True)
class Waits:
    """What the samples add up to."""

    last_seen: dict[str, datetime] = field(default_factory=dict)  # by session
    roles: dict[str, str] = field(default_factory=dict)  # by session
    since: dict[int, datetime] = field(default_factory=dict)  # when a pid's hopeless wait began
    reported: dict[int, str] = field(default_factory=dict)  # by pid
    holding: set[tuple[str, datetime]] = field(default_factory=set)  # session and beginning of the statement
    released: dict[tuple[str, datetime], datetime] = field(default_factory=dict)  # when it was seen to hold no more

    def take(self, backends: list[Backend]) -> tuple[int, ...]:
        """Take in one sample; return the pids that have waited for a sibling too long to go on.

        A backend waits hopelessly when every backend that blocks it is a migrating one that is idle in
        a transaction: PostgreSQL sees no deadlock there, the application is waiting for itself.
        """
        idle = {each.pid for each in backends if each.idle_in_transaction}
        for each in backends:
            self.last_seen[each.session] = each.now
            self.roles[each.session] = each.role
            self._hold(each)
        hopeless = {each.pid: each for each in backends if each.blockers and idle.issuperset(each.blockers)}
        self.since = {pid: self.since.get(pid, each.now) for pid, each in hopeless.items()}
        for pid, each in hopeless.items():
            if each.now - self.since[pid] > REPORTED_AFTER:
                self.reported[pid] = each.session
        return tuple(pid for pid, each in hopeless.items() if each.now - self.since[pid] > CANCELLED_AFTER)

    def _hold(self, backend: Backend) -> None:
        """Note when a statement has let go of its locks: what is left to it is to remove files."""
        if backend.statement is None or backend.locking is None:
            return
        key = (backend.session, backend.statement)
        if backend.locking:
            self.holding.add(key)
            self.released.pop(key, None)
        elif key in self.holding or backend.ending:
            self.released.setdefault(key, backend.now)

    @property
    def notes(self) -> tuple[str, ...]:
        """Return one sentence for each connection that waited for its sibling."""
        return tuple(
            "A connection of the migration waited for a lock that another connection of the same migration held, idle "
            f"in its transaction (session {session}): it would have waited for ever, and was cancelled after "
            f"{CANCELLED_AFTER.seconds} s unless the other one went on."
            for session in dict.fromkeys(self.reported.values())
        )


class Sampler:
    """A thread with its own connection that samples until it is stopped."""

    def __init__(self, admin: str) -> None:
        self.waits = Waits()
        self.lost: str | None = None  # why it stopped before it was asked to
        self._connection = connect_stage(admin)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="rehearse-sampler", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop sampling and close the connection; may be called twice."""
        self._stopped.set()
        self._thread.join()
        self._connection.close()

    def _sample(self) -> None:
        text = query("watch/backends").encode()
        try:
            with self._connection.cursor(row_factory=class_row(Backend)) as cursor:
                while not self._stopped.wait(INTERVAL.total_seconds()):
                    for pid in self.waits.take(cursor.execute(text, prepare=True).fetchall()):
                        self._connection.execute("SELECT pg_catalog.pg_cancel_backend(%s)", (pid,))
        except psycopg.Error as error:
            self.lost = said(error)
