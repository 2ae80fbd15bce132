"""Where the server's log is read: in a file of ours, or through the server itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import psycopg

from rehearse.db.queries import query
from rehearse.model.stage import Stage


class LogPlace(Protocol):
    """A log that grows."""

    def size(self) -> int:
        """Return its length in bytes."""

    def part(self, offset: int) -> bytes:
        """Return what stands behind a byte offset: all of it, or a part if there is much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFile:
    """A log on this machine."""

    path: Path

    def size(self) -> int:
        return self.path.stat().st_size

    def part(self, offset: int) -> bytes:
        with self.path.open("rb") as log:
            log.seek(offset)
            return log.read()


@dataclass(frozen=True, slots=True, kw_only=True)
class LogOnServer:
    """A log on the machine of a server that others own, read by SQL (manual 9.28.9, Generic File Access Functions)."""

    admin: psycopg.Connection
    path: str

    def size(self) -> int:
        row = self.admin.execute(query("watch/log_size"), {"path": self.path}).fetchone()
        return int(row[0]) if row else 0

    def part(self, offset: int) -> bytes:
        row = self.admin.execute(query("watch/log_part"), {"path": self.path, "offset": offset}).fetchone()
        return bytes(row[0]) if row else b""


def log_of(stage: Stage, admin: psycopg.Connection) -> LogPlace | None:
    """Return the log of the stage's server, if there is one that can be read."""
    if stage.log_on_server is not None:
        return LogOnServer(admin=admin, path=stage.log_on_server)
    if stage.log_file is None or not stage.log_file.exists():
        return None
    return LogFile(path=stage.log_file)
