"""How hard a source may be read while a snapshot is taken of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingLimits:
    """What production must not notice; past a limit the snapshot stops, and nothing of it is kept."""

    jobs: int = 2  # connections that read rows at once
    max_rows_per_second: int | None = None  # that all of them may copy together; None: as many as they can
    max_lag: timedelta = timedelta(minutes=1)  # of any standby that can be seen, the source itself if it is one
    max_xmin_age: int = 10_000_000  # transactions since the snapshot: what VACUUM may not clean up meanwhile
    timeout: timedelta = timedelta(hours=2)  # of the whole
