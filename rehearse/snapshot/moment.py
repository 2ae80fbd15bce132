"""One moment of production, seen by every connection that reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import TypeVar

import psycopg
from psycopg import conninfo, sql
from psycopg.sql import SQL

from rehearse.db.connect import connect_source, normalise
from rehearse.db.queries import query
from rehearse.db.shares import share
from rehearse.model.reading import ReadingLimits
from rehearse.snapshot.guard import Guard
from rehearse.snapshot.pace import Pace

_Piece = TypeVar("_Piece")
_Result = TypeVar("_Result")
_WITH_TRANSACTION_TIMEOUT = 170000  # manual 20.11.1: transaction_timeout came with 17
_GRACE = timedelta(minutes=1)


class Moment:
    """The transactions that share an exported snapshot, and what watches over them.

    Each is READ ONLY and REPEATABLE READ. The first exported the snapshot; the others join when there is work to
    share (manual 9.28.5, Snapshot Synchronization Functions).
    """

    def __init__(
        self, url: str, lead: psycopg.Connection, settings: Mapping[str, str], limits: ReadingLimits, guard: Guard
    ) -> None:
        self.lead = lead
        self.name = _exported(lead)
        self.is_of_standby = lead.info.parameter_status("in_hot_standby") == "on"  # 14 and newer say so
        self.pace = Pace(limits.max_rows_per_second)
        self._guard = guard
        self._url, self._settings, self._limits = url, settings, limits
        self._others: list[psycopg.Connection] = []
        self._open = ExitStack()

    def share(
        self, pieces: Iterable[_Piece], do: Callable[[psycopg.Connection, _Piece], _Result]
    ) -> tuple[_Result, ...]:
        """Do every piece on whichever connection is free; return what came of them, in no order.

        Raises SnapshotStopped before a piece that production is not to bear.
        """

        def checked(connection: psycopg.Connection, piece: _Piece) -> _Result:
            self.check()
            return do(connection, piece)

        self._join()
        return share(pieces, [self.lead, *self._others], checked)

    def check(self) -> None:
        """Give up where production suffers; to be called between statements. Raises SnapshotStopped."""
        self._guard.check()

    def close(self) -> None:
        self._open.close()

    def _join(self) -> None:
        while len(self._others) < self._limits.jobs - 1:
            other = self._open.enter_context(
                connect_source(_same_server(self._url, self.lead), settings=self._settings)
            )
            other.execute(SQL("SET TRANSACTION SNAPSHOT {}").format(sql.Literal(self.name)))
            _limit_transaction(other, self._limits)
            self._others.append(other)
            self._guard.pids.append(other.info.backend_pid)


@contextmanager
def moment(url: str, settings: Mapping[str, str], limits: ReadingLimits) -> Iterator[Moment]:
    """Open a moment of a source, three connections at least; raises what `connect_source` raises."""
    with connect_source(url, settings=settings) as lead, connect_source(_same_server(url, lead)) as watching:
        _limit_transaction(lead, limits)
        guard = Guard(watching, [lead.info.backend_pid], limits)
        guard.check()
        found = Moment(url, lead, settings, limits, guard)
        try:
            yield found
        finally:
            found.close()


def _exported(connection: psycopg.Connection) -> str:
    row = connection.execute(query("snapshot/export").encode()).fetchone()
    assert row is not None
    return str(row[0])


def _limit_transaction(connection: psycopg.Connection, limits: ReadingLimits) -> None:
    """Let the server end the transaction a little later, should this process be in no state to."""
    if connection.info.server_version >= _WITH_TRANSACTION_TIMEOUT:
        milliseconds = int((limits.timeout + _GRACE).total_seconds() * 1000)
        connection.execute(SQL("SET LOCAL transaction_timeout = {}").format(sql.Literal(milliseconds)))


def _same_server(url: str, connection: psycopg.Connection) -> str:
    """Return a conninfo of the very server that answered, where a URL names several."""
    info = connection.info
    return conninfo.make_conninfo(normalise(url), host=info.host, hostaddr=info.hostaddr, port=str(info.port))
