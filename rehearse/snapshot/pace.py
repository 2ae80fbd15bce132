"""How fast production is read: no faster than it was asked to be."""

from __future__ import annotations

import time
from threading import Lock


class Pace:
    """Rows a second that all connections together may read; None: as many as they can.

    >>> pace = Pace(None)
    >>> pace.keep(1_000_000)
    """

    def __init__(self, rows_per_second: int | None) -> None:
        self.rows_per_second = rows_per_second
        self._lock = Lock()
        self._free_at = 0.0

    def keep(self, rows: int) -> None:
        """Wait until so many rows, read just now, have had their time."""
        if self.rows_per_second is None:
            return
        with self._lock:
            self._free_at = max(self._free_at, time.monotonic()) + rows / self.rows_per_second
            wait = self._free_at - time.monotonic()
        time.sleep(max(0.0, wait))
