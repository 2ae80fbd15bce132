"""Samples: which locks were seen, and of which statement they are. They prove what they saw and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import psycopg
from psycopg.rows import class_row

from rehearse.db.connect import connect_stage
from rehearse.db.queries import query
from rehearse.db.said import said
from rehearse.model.timeline import LockMode
from rehearse.watch.heard import Heard

INTERVAL = timedelta(milliseconds=5)
_SLACK = timedelta(milliseconds=20)  # between what is heard at the door and what is seen on the server


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A lock one backend had at one moment."""

    pid: int
    sql: str  # of the statement that runs or ran last, as far as the server keeps it
    transaction_started: datetime | None  # None: of a session of others
    relation: int
    mode: str


@dataclass(slots=True)
class Samples:
    """The locks that were seen, each with when it first was, by the clock of this machine."""

    first: dict[Sample, datetime] = field(default_factory=dict)

    def take(self, samples: Iterable[Sample], at: datetime) -> None:
        for each in samples:
            self.first.setdefault(each, at)

    def pids(self) -> frozenset[int]:
        """Return the processes that were seen with a lock."""
        return frozenset(each.pid for each in self.first)

    def by_statement(self, told: Iterable[Heard]) -> Mapping[int, tuple[tuple[int, LockMode], ...]]:
        """Return the locks by the position of the statement that held them first."""
        sessions: dict[int | None, list[Heard]] = {}
        for each in told:
            sessions.setdefault(each.conversation.pid, []).append(each)
        found: dict[int, list[tuple[int, LockMode]]] = {}
        for sample, at in sorted(self.first.items(), key=lambda item: item[1]):
            started = [
                each
                for each in sessions.get(sample.pid, ())
                if each.execution.started <= at + _SLACK and each.string.startswith(sample.sql)
            ]
            if started:  # when the statements of one string began is not known: the first may have taken it
                first = next(each for each in started if each.string_number == started[-1].string_number)
                lock = (sample.relation, LockMode(sample.mode))
                found.setdefault(first.execution.position, []).append(lock)
        return {position: tuple(locks) for position, locks in found.items()}


class Looking:
    """A thread with its own connection that looks at the locks again and again until it is stopped."""

    def __init__(self, admin: str) -> None:
        self.samples = Samples()
        self.lost: str | None = None  # why it stopped before it was asked to
        self._connection = connect_stage(admin)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._look, name="rehearse-sampler", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop looking and close the connection; may be called twice."""
        self._stopped.set()
        self._thread.join()
        self._connection.close()

    def _look(self) -> None:
        text = query("watch/sampled").encode()
        try:
            with self._connection.cursor(row_factory=class_row(Sample)) as cursor:
                while not self._stopped.wait(INTERVAL.total_seconds()):
                    asked = datetime.now(UTC)
                    found = cursor.execute(text, prepare=True).fetchall()
                    self.samples.take(found, asked + (datetime.now(UTC) - asked) / 2)
        except psycopg.Error as error:
            self.lost = said(error)
