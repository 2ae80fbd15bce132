"""Stop reading before production suffers from it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta
from threading import Lock

import psycopg

from rehearse.db.queries import query
from rehearse.model.quantity import duration
from rehearse.model.reading import ReadingLimits
from rehearse.snapshot.errors import SnapshotStopped

_EVERY = 5.0  # seconds


class Guard:
    """Asks the source, over a connection of its own, what the snapshot does to it."""

    def __init__(self, connection: psycopg.Connection, pids: Sequence[int], limits: ReadingLimits) -> None:
        self.pids = list(pids)  # of the connections that hold the snapshot
        self._connection = connection
        self._limits = limits
        self._began = time.monotonic()
        self._lock = Lock()
        self._next = 0.0

    def check(self) -> None:
        """Look every few seconds, whichever thread comes by first; raises SnapshotStopped past a limit."""
        with self._lock:
            if time.monotonic() < self._next:
                return
            self._look()
            self._next = time.monotonic() + _EVERY

    def _look(self) -> None:
        limits = self._limits
        if time.monotonic() - self._began > limits.timeout.total_seconds():
            raise SnapshotStopped(f"it took more than {duration(limits.timeout)}", "timeout")
        row = self._connection.execute(query("snapshot/strain"), {"pids": self.pids}).fetchone()
        self._connection.rollback()  # nothing is held between two looks
        assert row is not None
        age, lag, behind = row
        if age > limits.max_xmin_age:
            raise SnapshotStopped(
                f"VACUUM was kept from what {age:,} transactions left behind, more than {limits.max_xmin_age:,}",
                "max_xmin_age",
            )
        if lag is not None and lag > max(limits.max_lag, timedelta(0)):
            raise SnapshotStopped(
                f"{behind} is {duration(lag)} behind, more than {duration(limits.max_lag)}", "max_lag"
            )
