"""What has been copied so far, and how long the rest will take."""

from __future__ import annotations

import time
from datetime import timedelta
from threading import Lock

from rehearse.model import quantity
from rehearse.protocols import Progress

_EVERY = 0.2  # seconds
_SETTLED = 2.0  # seconds before a time left means anything


class Tally:
    """Counts the rows and bytes of all connections, and tells them a few times a second."""

    def __init__(self, expected: int, progress: Progress) -> None:
        self._expected = expected  # rows, about
        self._progress = progress
        self._lock = Lock()
        self._began = self._told = time.monotonic()
        self._rows = self._octets = 0

    def add(self, rows: int, octets: int) -> None:
        with self._lock:
            self._rows += rows
            self._octets += octets
            now = time.monotonic()
            if now - self._told < _EVERY:
                return
            self._told = now
        self._progress(self.sentence(now - self._began))

    def sentence(self, seconds: float) -> str:
        """Say how far the copy is after so many seconds.

        >>> tally = Tally(3_000, print)
        >>> tally.add(1_000, 65_536)
        >>> tally.sentence(10.0)
        'copying: 1,000 of about 3,000 rows, 64 kB, 20.0 s left'
        """
        said = (
            f"copying: {self._rows:,} of about {max(self._expected, self._rows):,} rows, {quantity.size(self._octets)}"
        )
        if seconds < _SETTLED or not self._rows:
            return said
        left = seconds * max(0, self._expected - self._rows) / self._rows
        return f"{said}, {quantity.duration(timedelta(seconds=left))} left"
