"""The answer to "are they the same?", for one thing and for all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum


class Status(Enum):
    """What a comparison established; worse ones outrank better ones."""

    SKIPPED = "skipped"  # not compared, on purpose, and the reason is told
    EQUAL = "equal"
    DIFFERENT = "different"
    UNKNOWN = "unknown"  # could not be established: never read as equal

    @property
    def exit_code(self) -> int:
        return {Status.SKIPPED: 0, Status.EQUAL: 0, Status.DIFFERENT: 1, Status.UNKNOWN: 3}[self]

    @property
    def rank(self) -> int:
        return tuple(Status).index(self)


def worst(statuses: Iterable[Status]) -> Status:
    """Return the status of a whole: unknown outranks different, different outranks equal.

    >>> worst([Status.EQUAL, Status.UNKNOWN, Status.DIFFERENT]), worst([])
    (<Status.UNKNOWN: 'unknown'>, <Status.SKIPPED: 'skipped'>)
    """
    return max(statuses, key=lambda status: status.rank, default=Status.SKIPPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One environment of a comparison, as it was read."""

    name: str  # as people call it: "production", or a URL without its password
    place: str  # URL without password, or the directory of a snapshot
    server_version: str = ""
    read_at: datetime | None = None  # the server's clock when its snapshot began
    lsn: str | None = None  # of the snapshot: pg_current_wal_lsn(), on a standby pg_last_wal_replay_lsn()
    in_recovery: bool = False
    lag: timedelta | None = None  # of a standby that is behind
    failure: str | None = None  # why it could not be read, or not to the end
