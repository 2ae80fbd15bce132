"""How long each phase of a rehearsal takes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta


class Clock:
    """Time spent in each phase."""

    def __init__(self) -> None:
        self.spent: dict[str, timedelta] = {}
        self._apart = timedelta(0)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        started, apart = time.monotonic(), self._apart
        yield
        self.spent[name] = timedelta(seconds=time.monotonic() - started) - (self._apart - apart)

    @contextmanager
    def apart(self, name: str) -> Iterator[None]:
        """Measure a phase that is no part of the one around it."""
        with self.phase(name):
            yield
        self._apart += self.spent[name]
