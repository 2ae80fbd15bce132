"""Read one side: through several connections, in one snapshot, gently."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import psycopg
from psycopg.rows import class_row, tuple_row
from psycopg.sql import SQL, Composed, Literal

from rehearse.compare.errors import reason
from rehearse.compare.together import together
from rehearse.db.connect import connect_source, describe
from rehearse.db.queries import query
from rehearse.errors import RehearseError
from rehearse.model.comparison import Side
from rehearse.model.environment import Environment

Rows = list[tuple[object, ...]]

_SETTINGS = {
    "client_encoding": "UTF8",
    "lc_monetary": "C",
    "standard_conforming_strings": "on",
    "row_security": "off",  # an error where policies would hide rows, whoever they are hidden by
    "min_parallel_table_scan_size": "512MB",  # starting workers takes longer than reading smaller ones
    "min_parallel_index_scan_size": "128MB",
    "client_connection_check_interval": "10s",  # a query that nobody waits for any more ends by itself
}
_SHARE = 262_144  # pages (2 GB) that are worth a connection of their own
_IDLE = timedelta(minutes=10)  # longer than any statement: one connection may wait for another


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One SELECT for one side."""

    key: Hashable  # what the answer belongs to
    statement: Composed | bytes
    weight: int = 0  # about how many pages it reads, digesting one counts as ten: the heaviest go first
    by_hand: bool = False  # holds SQL that people wrote: names are looked up as in their own sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a task has no answer."""

    reason: str
    sqlstate: str | None = None


Answer = Rows | Problem
Listener = Callable[[Hashable, Answer], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moment:
    """Where a server stood when the snapshot of its side began."""

    read_at: datetime
    server_version: str
    encoding: str
    in_recovery: bool
    lsn: str | None
    lag: timedelta | None


class Reader:
    """One environment, read in one REPEATABLE READ, READ ONLY snapshot by up to `jobs` connections."""

    def __init__(
        self, environment: Environment, *, jobs: int, timeout: timedelta, settings: Mapping[str, str] | None = None
    ) -> None:
        assert environment.url is not None
        self.url = environment.url
        self.side = Side(name=environment.name, place=describe(environment.url))
        self.encoding = ""  # of the database
        self.major = 0  # version of the server
        self._jobs = jobs
        self._settings = {
            **_SETTINGS,
            "statement_timeout": _milliseconds(timeout),
            "idle_in_transaction_session_timeout": _milliseconds(timeout + _IDLE),
            **(settings or {}),
        }
        self._leader: psycopg.Connection | None = None
        self._others: list[psycopg.Connection] = []
        self._snapshot = ""
        self._lock = threading.Lock()
        self._stopped = False
        self._listening = threading.Lock()

    @property
    def name(self) -> str:
        return self.side.name

    @property
    def leader(self) -> psycopg.Connection:
        """Return the connection whose snapshot the others share."""
        assert self._leader is not None
        return self._leader

    def connect(self) -> None:
        """Open the first connection; raises SourceUnreachable."""
        self._leader = connect_source(self.url, settings=self._settings)

    def begin(self) -> None:
        """Take the snapshot: from here on the side is seen as of this moment."""
        with self.leader.cursor(row_factory=class_row(_Moment)) as cursor:
            moment = cursor.execute(query("counting/moment").encode()).fetchone()
        assert moment is not None
        self.leader.execute(query("session/pinned").encode())
        self.encoding = moment.encoding
        self.major = self.leader.info.server_version // 10_000
        self.side = replace(
            self.side,
            server_version=moment.server_version,
            read_at=moment.read_at,
            in_recovery=moment.in_recovery,
            lsn=moment.lsn,
            lag=moment.lag,
        )

    def ask(self, tasks: Iterable[Task]) -> dict[Hashable, Answer]:
        """Run every task, the heaviest first, on all connections; return the answers by key."""
        answers: dict[Hashable, Answer] = {}
        self.tell(tasks, answers.__setitem__)
        return answers

    def tell(self, tasks: Iterable[Task], listener: Listener) -> None:
        """Run every task as `ask` does, and hand each answer on as it comes, one at a time: none is kept."""
        pending = deque(sorted(tasks, key=lambda task: -task.weight))
        helpers = [
            threading.Thread(target=self._help, args=(connection, pending, listener), daemon=True)
            for connection in self._helping(_hands(self._jobs, pending) - 1)
        ]
        for helper in helpers:
            helper.start()
        self._work(self.leader, pending, listener)
        for helper in helpers:
            helper.join()
        for task in pending:  # every connection was lost
            listener(task.key, Problem(reason=self.side.failure or "the connection was lost"))

    def fail(self, why: str) -> None:
        """Note that the side could not be read to the end; the first reason stands."""
        with self._lock:
            if self.side.failure is None:
                self.side = replace(self.side, failure=why)

    def cancel(self) -> None:
        """Stop on the server what is still running, from another thread, and begin nothing more."""
        self._stopped = True
        for connection in self._open():
            with suppress(psycopg.Error):
                connection.cancel_safe(timeout=2)

    def close(self) -> None:
        for connection in self._open():
            connection.close()

    def _open(self) -> list[psycopg.Connection]:
        found = [*([self._leader] if self._leader else []), *self._others]
        return [connection for connection in found if not connection.closed]

    def _helping(self, wanted: int) -> list[psycopg.Connection | None]:
        """Return the connections that may help, None for one that is still to be opened."""
        if wanted > 0 and not self._snapshot:
            row = self.leader.execute(query("snapshot/export").encode()).fetchone()
            assert row is not None
            self._snapshot = str(row[0])
        ready = [connection for connection in self._others if not connection.closed]
        return [*ready, *[None] * wanted][: max(0, wanted)]

    def _help(self, connection: psycopg.Connection | None, pending: deque[Task], listener: Listener) -> None:
        try:
            self._work(connection or self._joined(), pending, listener)
        except (psycopg.Error, RehearseError):
            return  # no further connection is to be had: the first one does the work

    def _joined(self) -> psycopg.Connection:
        """Open one more connection and let it see the same snapshot."""
        connection = connect_source(self.url, settings=self._settings)
        with self._lock:
            self._others.append(connection)
        connection.execute(SQL("SET TRANSACTION SNAPSHOT {}").format(Literal(self._snapshot)))
        connection.execute(query("session/pinned").encode())
        return connection

    def _work(self, connection: psycopg.Connection, pending: deque[Task], listener: Listener) -> None:
        while not connection.closed and not self._stopped:
            try:
                task = pending.popleft()
            except IndexError:
                return
            answer = self._answer(connection, task)
            with self._listening:
                listener(task.key, answer)

    def _answer(self, connection: psycopg.Connection, task: Task) -> Answer:
        """Run one task in a savepoint: what it may not do must not end the snapshot."""
        try:
            # the binary format is asked for with the extended protocol, which takes one statement and no more
            with connection.transaction(), connection.cursor(row_factory=tuple_row, binary=True) as cursor:
                if not task.by_hand:
                    return cursor.execute(task.statement).fetchall()
                cursor.execute("SET LOCAL search_path TO DEFAULT")
                found = cursor.execute(task.statement).fetchall()
                cursor.execute("SET LOCAL search_path TO ''")
                return found
        except psycopg.Error as error:
            why = reason(error)
            if connection.closed:
                self.fail(why)
            return Problem(reason=why, sqlstate=error.sqlstate)
        except UnicodeDecodeError:
            return Problem(reason="the database holds text that is not in its own encoding")


@contextmanager
def reading(readers: Iterable[Reader]) -> Iterator[None]:
    """Open every side, then take all snapshots at once; a side that does not answer is noted in it.

    On leaving, the connections are closed; on an interrupt what runs on the servers is cancelled first.
    """
    listed = tuple(readers)
    try:
        _all_at_once({reader: reader.connect for reader in listed})
        _all_at_once({reader: reader.begin for reader in listed if reader.side.failure is None})
        yield
    except BaseException:
        for reader in listed:
            reader.cancel()
        raise
    finally:
        for reader in listed:
            reader.close()


def _all_at_once(calls: Mapping[Reader, Callable[[], None]]) -> None:
    by_name = {reader.name: reader for reader in calls}
    for name, answer in together({reader.name: call for reader, call in calls.items()}).items():
        if isinstance(answer, RehearseError):
            by_name[name].fail(answer.sentence)


def _hands(jobs: int, tasks: Sequence[Task]) -> int:
    """Return how many connections the tasks are worth: a further one has to pay for being opened."""
    return min(jobs, len(tasks), 1 + sum(task.weight for task in tasks) // _SHARE)


def _milliseconds(span: timedelta) -> str:
    return str(max(1, round(span.total_seconds() * 1000)))
