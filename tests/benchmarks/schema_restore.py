"""Restoring: a stage raised from a snapshot of every row, beside pg_restore of a dump of the same database."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from schema_data import FILLED, OWNER, Place, create, fill, make_roles, tables

from rehearse.engine.server import Server, running
from rehearse.model.sampling import SampleRules
from rehearse.model.snapshot import Snapshot
from rehearse.sanitise import SanitiseRules
from rehearse.snapshot import take
from rehearse.stages.embedded import raise_stage

_JOBS = "2"
_EVERY_ROW = 10**9
# What a stage says when it begins with the next part of its work.
_SCHEMA, _STATISTICS, _COMPARISON = "restoring the schema", "gathering statistics", "comparing it with production's"
_CLONE = "cloning the stage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The same content twice."""

    snapshot: Snapshot
    dump: Path


@dataclass(slots=True, kw_only=True)
class Stage:
    """Raises a stage, and remembers when it said what."""

    content: Content
    said: list[tuple[float, str]] = field(default_factory=list)

    def restore(self) -> float:
        """Return the seconds for schema, rows, indexes and constraints."""
        self.said.clear()
        self._note("begin")
        with raise_stage(self.content.snapshot, self._note, use="embedded"):
            self._note("end")
        return self.at(_STATISTICS) - self.at(_SCHEMA)

    def restored_with_statistics(self) -> float:
        """Return the seconds of the last time, ANALYZE included."""
        return self.at(_COMPARISON) - self.at(_SCHEMA)

    def restored_and_compared(self) -> float:
        """Return the seconds of the last time, until the original was compared with production's catalog."""
        return self.at(_CLONE) - self.at(_SCHEMA)

    def raised(self) -> float:
        """Return the seconds of the last time from nothing to a stage: a server, roles, the original, its clone."""
        return self.at("end") - self.at("begin")

    def at(self, beginning: str) -> float:
        return next(moment for moment, doing in self.said if doing.startswith(beginning))

    def _note(self, doing: str) -> None:
        self.said.append((time.perf_counter(), doing))


@dataclass(slots=True, kw_only=True)
class Restore:
    """Runs pg_restore on a server like the stage's, and vacuumdb after it."""

    content: Content
    place: Place
    analyzing: float = 0
    restoring: float = 0

    def restore(self) -> float:
        """Return the seconds of pg_restore."""
        with running(self.place.server.binaries) as server:
            make_roles(server)
            with server.connect() as admin:
                admin.execute(f'CREATE DATABASE "{FILLED}" TEMPLATE template0 OWNER {OWNER}')
            self.restoring = self._took(server, "pg_restore", f"--jobs={_JOBS}", self.content.dump)
            self.analyzing = self._took(server, "vacuumdb", "--analyze-only", "--quiet", f"--jobs={_JOBS}")
        return self.restoring

    def restored_with_statistics(self) -> float:
        return self.restoring + self.analyzing

    def _took(self, server: Server, program: str, *options: str | Path) -> float:
        began = time.perf_counter()
        command = [server.binaries.bin_dir / program, "--dbname", server.dsn(FILLED), *options]
        subprocess.run(command, check=True)
        return time.perf_counter() - began


def content(place: Place, directory: Path, scale: float) -> Content:
    """Make a database with rows, take a snapshot of all that is in it, and dump it."""
    create(place, FILLED)
    fill(place, FILLED, scale)
    dump = directory / "dump"
    command = [place.bin_dir / "pg_dump", "--format=directory", f"--jobs={_JOBS}", "--file", dump]
    subprocess.run([*command, "--dbname", place.server.dsn(FILLED)], check=True)
    rules = SanitiseRules(columns={f"{table}.*": "keep" for table in tables(place, FILLED)})
    snapshot = take(
        place.server.dsn(FILLED),
        directory / "snapshot",
        rules=SampleRules(rows=_EVERY_ROW),
        sanitise=rules,
        progress=lambda _: None,
    )
    assert all(sample.whole for sample in snapshot.manifest.samples)
    return Content(snapshot=snapshot, dump=dump)
