"""Remove runs that are past their retention, and what was left half written or half removed; never anything else.

Their lines on the register stay, so that the gate goes on knowing how they ended.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rehearse.model.passes import FILE
from rehearse.model.retention import Retention
from rehearse.model.run import Run
from rehearse.runs.errors import RunNotRemoved
from rehearse.runs.place import runs_in
from rehearse.runs.reading import MANIFEST, directory_of, runs

_LEFT_AFTER = timedelta(hours=1)  # a run is written in seconds
_LEFTOVER = re.compile(r"\.\d{8}-\d{6}-[0-9a-f]{6}\.[a-z0-9_]{8}")  # as tempfile.mkdtemp names it


@dataclass(frozen=True, slots=True, kw_only=True)
class Prunable:
    """A directory that may go."""

    path: Path
    why: str  # "ended 40 days ago", "left half written or half removed"


def prunable(home: Path, retention: Retention, passes_hold: timedelta, now: datetime) -> tuple[Prunable, ...]:
    """Return what may be removed of a project's runs, the oldest first.

    A run whose pass a gate may still ask for stays: any of the last `passes_hold`, and the newest of each environment.
    Raises RunDamaged and RunTooNew.
    """
    known = runs(home)
    kept = frozenset(_held(known, home, passes_hold, now))
    beyond = [found for found in _beyond(known[::-1], retention, home, now) if found.path.name not in kept]
    return (*reversed(beyond), *_leftovers(runs_in(home), now))


def remove(found: Prunable) -> None:
    """Remove a directory; whatever stops it halfway, what is left is no run. Raises RunNotRemoved."""
    path = found.path
    try:
        if not _LEFTOVER.fullmatch(path.name):
            hidden = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
            path = path.rename(hidden)  # onto an empty directory
        (path / MANIFEST).unlink(missing_ok=True)
        shutil.rmtree(path)
    except OSError as error:
        raise RunNotRemoved(found.path, error.strerror or str(error)) from None


def _held(known: Sequence[Run], home: Path, passes_hold: timedelta, now: datetime) -> Iterator[str]:
    """Yield the ids of the runs whose pass may still be asked for."""
    seen: set[str | None] = set()
    for run in reversed(known):
        if not (directory_of(run.id, home) / FILE).is_file():
            continue
        if run.environment not in seen or now - (run.started_at + run.took) <= passes_hold:
            yield run.id
        seen.add(run.environment)


def _beyond(newest_first: Sequence[Run], retention: Retention, home: Path, now: datetime) -> Iterator[Prunable]:
    seen: dict[str, int] = {}
    for run in newest_first:
        seen[run.source] = seen.get(run.source, 0) + 1
        age = now - run.started_at
        if retention.max_age is not None and age > retention.max_age:
            yield Prunable(path=directory_of(run.id, home), why=f"rehearsed {_days(age)} ago")
        elif retention.keep is not None and seen[run.source] > retention.keep:
            why = f"{seen[run.source] - 1} newer ones of {run.source} stay"
            yield Prunable(path=directory_of(run.id, home), why=why)


def _days(age: timedelta) -> str:
    hours = int(age.total_seconds() // 3600)
    return f"{age.days} days" if age.days > 1 else f"{hours} hours"


def _leftovers(folder: Path, now: datetime) -> Iterator[Prunable]:
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if not _LEFTOVER.fullmatch(path.name) or path.is_symlink() or not path.is_dir():
            continue
        changed = max(each.lstat().st_mtime for each in (path, *path.rglob("*")))
        if now - datetime.fromtimestamp(changed, UTC) > _LEFT_AFTER:
            yield Prunable(path=path, why="left half written or half removed")
