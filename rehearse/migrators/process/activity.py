"""What a migration is at that takes too long: asked of the server, and of the project's own processes."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psycopg
from psycopg.rows import class_row

from rehearse.db.connect import connect_stage
from rehearse.db.queries import query
from rehearse.model import wording
from rehearse.model.quantity import duration
from rehearse.model.stage import Stage

_FRAME = re.compile(r'(?m)^  File "(?P<file>.+)", line (?P<line>\d+) in ')
_NOT_THE_PROJECTS = re.compile(r"^<|/(site|dist)-packages/|/lib/python\d|/rehearse_hook/")
_WRITING_SECONDS = 3  # what a process may take to write down where it is, on a loaded machine
_SETTLED_SECONDS = 0.2  # nothing was written for so long: all has been
_LENGTH = 120  # of a statement in a sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """One migrating backend at the moment of the limit."""

    pid: int
    state: str
    sql: str
    lasts: timedelta  # in this state
    lock: str | None  # the relation it waits for, or the kind of the lock
    blockers: list[int]


def of_backends(stage: Stage) -> str:
    """Return what completes "it was ...": waiting for a lock, executing a statement, or neither."""
    try:
        with connect_stage(stage.admin) as connection, connection.cursor(row_factory=class_row(Backend)) as cursor:
            found = cursor.execute(query("migrators/activity", stage.server_major).encode()).fetchall()
    except psycopg.Error:
        return "busy with something that the stage's server did not tell"
    return next(_told(found), "running its own code, and no statement on the server")


def end_backends(stage: Stage) -> None:
    """End the migrating backends: one that executes a statement does not notice that its client is gone."""
    with suppress(psycopg.Error), connect_stage(stage.admin) as connection:
        connection.execute(query("migrators/terminate", stage.server_major).encode())


def of_processes(group: int, stacks: Path, directory: Path, revision: Path | None) -> str | None:
    """Return file:line where the project's code is: innermost beside the revision, else anywhere below a directory."""
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGUSR1)
    _await_the_writing(stacks)
    frames = [
        (Path(frame["file"]), frame["line"])
        for path in sorted(stacks.iterdir())
        for frame in _FRAME.finditer(path.read_text(encoding="utf-8", errors="replace"))
    ]
    for folder in (revision.parent if revision else None, directory):
        for file, line in frames:
            if folder is not None and file.is_relative_to(folder) and not _NOT_THE_PROJECTS.search(str(file)):
                return f"{file.relative_to(directory) if file.is_relative_to(directory) else file}:{line}"
    return None


def _await_the_writing(stacks: Path) -> None:
    until = time.monotonic() + _WRITING_SECONDS
    written, last = -1, 0
    while any(stacks.iterdir()) and (last == 0 or written != last) and time.monotonic() < until:
        time.sleep(_SETTLED_SECONDS)
        written, last = last, sum(path.stat().st_size for path in stacks.iterdir())


def _told(backends: Sequence[Backend]) -> Iterator[str]:
    by_pid = {backend.pid: backend for backend in backends}
    for backend in backends:
        if backend.lock is not None:
            holders = [by_pid[pid] for pid in backend.blockers if pid in by_pid]
            waited = f"waiting {duration(backend.lasts)} for a lock ({backend.lock}) with {_shortened(backend.sql)}"
            yield f"{waited}{_held(holders[0]) if holders else ''}"
    for backend in backends:
        if backend.state == "active":
            yield f"executing {_shortened(backend.sql)} for {duration(backend.lasts)}"


def _held(holder: Backend) -> str:
    state = "idle in its transaction" if holder.state.startswith("idle") else "active"
    return (
        f", which another connection of the migration held, {state} for {duration(holder.lasts)} "
        f"after {_shortened(holder.sql)}"
    )


def _shortened(sql: str) -> str:
    line = " ".join(wording.statement(sql).split())
    return line if len(line) <= _LENGTH else f"{line[: _LENGTH - 3]}..."
