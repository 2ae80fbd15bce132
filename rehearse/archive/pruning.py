"""Remove snapshots that are past their retention, and what killed takes left; never anything else."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rehearse.archive.digest import files
from rehearse.archive.errors import NothingToPrune, SnapshotNotRemoved
from rehearse.archive.reading import MANIFEST
from rehearse.archive.writing import is_being_written
from rehearse.model.retention import Retention

LEFT_AFTER = timedelta(hours=1)  # nothing was written to it for so long, and no process holds it
_LEFTOVER = re.compile(r"\.(?P<name>.+)\.[a-z0-9_]{8}")  # as tempfile.mkdtemp names it
_OURS = re.compile(r"manifest\.json|catalog\.json|facts\.json|schema/schema\.dump|data/\d+\.copy(\.\d+)?")
_FOLDERS = frozenset({"schema", "data"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Prunable:
    """A directory that may go."""

    path: Path
    why: str  # "taken 40 days ago", "left by a take that was killed"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Complete:
    path: Path
    source: str
    taken_at: datetime


def prunable(directory: Path, retention: Retention, now: datetime) -> tuple[Prunable, ...]:
    """Return what may be removed from a directory of snapshots, the oldest first; raises NothingToPrune.

    A snapshot is one whose manifest names exactly the files it holds. What is being written is held by its process.
    """
    if not directory.is_dir():
        raise NothingToPrune(directory)
    below = sorted(path for path in directory.iterdir() if path.is_dir() and not path.is_symlink())
    complete = sorted(filter(None, map(_complete, below)), key=lambda found: (found.taken_at, found.path), reverse=True)
    return (*reversed(tuple(_beyond(complete, retention, now))), *_leftovers(below, now))


def remove(found: Prunable) -> None:
    """Remove a directory; whatever stops it halfway, what is left is no snapshot. Raises SnapshotNotRemoved."""
    path = found.path
    try:
        if not _LEFTOVER.fullmatch(path.name):
            hidden = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
            path = path.rename(hidden)  # onto an empty directory
        (path / MANIFEST).unlink(missing_ok=True)
        shutil.rmtree(path)
    except OSError as error:
        raise SnapshotNotRemoved(found.path, error.strerror or str(error)) from None


def _beyond(newest_first: Iterable[_Complete], retention: Retention, now: datetime) -> Iterator[Prunable]:
    seen: dict[str, int] = {}
    for found in newest_first:
        seen[found.source] = seen.get(found.source, 0) + 1
        age = now - found.taken_at
        if retention.max_age is not None and age > retention.max_age:
            yield Prunable(path=found.path, why=f"taken {_days(age)} ago")
        elif retention.keep is not None and seen[found.source] > retention.keep:
            yield Prunable(path=found.path, why=f"{seen[found.source] - 1} newer ones of {found.source} stay")


def _days(age: timedelta) -> str:
    hours = int(age.total_seconds() // 3600)
    return f"{age.days} days" if age.days > 1 else f"{hours} hours"


def _complete(path: Path) -> _Complete | None:
    """Return a snapshot by its manifest; None for anything else, and for one that holds other files as well."""
    if path.name.startswith("."):
        return None
    try:
        told = json.loads((path / MANIFEST).read_bytes())
        taken_at = datetime.fromisoformat(told["taken_at"])
        source, listed = str(told["source"]), {MANIFEST, *told["files"]}
        if not isinstance(told["format"], int) or not told["tool_version"] or taken_at.tzinfo is None:
            return None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return _Complete(path=path, source=source, taken_at=taken_at) if listed == _holds(path) else None


def _holds(path: Path) -> set[str]:
    """Return all files and links below a directory, and its folders unless they are those of a snapshot."""
    odd = {found.relative_to(path).as_posix() for found in path.rglob("*") if found.is_symlink() or not found.is_file()}
    return {*files(path), *(odd - _FOLDERS)}


def _leftovers(below: Iterable[Path], now: datetime) -> Iterator[Prunable]:
    for path in below:
        if not _LEFTOVER.fullmatch(path.name) or not all(map(_OURS.fullmatch, _holds(path))):
            continue
        changed = max(each.stat().st_mtime for each in (path, *path.rglob("*")))
        if now - datetime.fromtimestamp(changed, UTC) > LEFT_AFTER and not is_being_written(path):
            yield Prunable(path=path, why="left by a snapshot that was not finished")
