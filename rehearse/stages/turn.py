"""Taking turns on a server that others own: one rehearsal at a time, by an advisory lock."""

from __future__ import annotations

import getpass
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

import psycopg

from rehearse.db.queries import query
from rehearse.errors import RehearseError
from rehearse.protocols import Progress

_POLL = timedelta(seconds=1)
_FIRST_WITH_IDLE_TIMEOUT = 140000
_LONGEST = 63  # of an application_name


class StageTaken(RehearseError):
    """Another rehearsal is on the stage's server."""

    def __init__(self, holder: str) -> None:
        super().__init__(
            f"Another rehearsal is on the stage's server: {holder}. Nothing was changed there.",
            "Wait for it to end and try again, or say --wait.",
        )


@contextmanager
def taken(connection: psycopg.Connection, progress: Progress, *, wait: bool) -> Iterator[None]:
    """Hold the turn until the context is left; it ends with the connection, too.

    Rehearsals see one another if they connect to the same database of the server. Raises StageTaken.
    """
    connection.execute("SELECT pg_catalog.set_config('application_name', %s, false)", [_signature(datetime.now(UTC))])
    if connection.info.server_version >= _FIRST_WITH_IDLE_TIMEOUT:
        connection.execute("SET idle_session_timeout = 0")
    while not _is_free(connection):
        if not wait:
            raise StageTaken(_holder(connection))
        progress(f"waiting for another rehearsal: {_holder(connection)}")
        time.sleep(_POLL.total_seconds())
    try:
        yield
    finally:
        with suppress(psycopg.OperationalError):  # the connection is gone, and the lock with it
            connection.execute("SELECT pg_catalog.pg_advisory_unlock_all()")


def _is_free(connection: psycopg.Connection) -> bool:
    row = connection.execute(query("stage/try_lock").encode()).fetchone()
    return row is not None and bool(row[0])


def _holder(connection: psycopg.Connection) -> str:
    row = connection.execute(query("stage/lock_holder").encode()).fetchone()
    return "one that is just ending" if row is None else f"{row[0]} (role {row[1]})"


def _signature(now: datetime) -> str:
    """Return an application name, which every role may see (manual 28.2.3): who, and since when."""
    since = f" since {now:%Y-%m-%d %H:%M:%S} UTC"
    who = f"rehearse of {getpass.getuser()}@{socket.gethostname()}".encode("ascii", "replace").decode()
    return who[: _LONGEST - len(since)] + since
