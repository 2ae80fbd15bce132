"""Counts of earlier days: kept, and compared with."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path

from rehearse.diff.counts import since
from rehearse.errors import RehearseError, RequestError
from rehearse.model.counts import Counts
from rehearse.reports.counts import json

FOLDER = Path(".rehearse") / "counts"
LAST = "last"


class NoEarlierCount(RequestError):
    """There is nothing to compare with."""

    def __init__(self, directory: Path, wanted: str) -> None:
        what = "no earlier count" if wanted == LAST else f'no count "{wanted}"'
        super().__init__(
            f"There is {what} in {directory / FOLDER}.",
            "Every `rehearse counts` is kept there: count once, then compare with it later.",
        )


class CountUnreadable(RehearseError):
    """A kept count is none, or was damaged."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is no count that rehearse has kept.", "Name another one, or remove it.")


def earlier(directory: Path, wanted: str, names: frozenset[str]) -> Counts:
    """Return an earlier count of any of these sides: the last one, or one by name; raises NoEarlierCount."""
    for path in _kept(directory, wanted):
        found = _read(path)
        if names & {side.name for side in found.sides} or wanted != LAST:
            return found
    raise NoEarlierCount(directory, wanted)


def against(then: Counts, now: Counts) -> Counts:
    """Return the counts with what changed since the earlier ones."""
    return replace(now, since=since(then, now))


def keep(directory: Path, counts: Counts) -> Path:
    """Keep a count for later, whole or not at all; raises OSError where the disk does not let it."""
    folder = directory / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{counts.counted_at:%Y%m%dT%H%M%S.%fZ}.json"
    handle, making = tempfile.mkstemp(dir=folder, prefix=".", suffix=".json")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(json.render(counts))
        Path(making).rename(path)
    except OSError:
        Path(making).unlink(missing_ok=True)
        raise
    return path


def _kept(directory: Path, wanted: str) -> tuple[Path, ...]:
    """Return the counts that may be meant, newest first: every one for "last", else one by its name or its path.

    Raises NoEarlierCount.
    """
    folder = directory / FOLDER
    if wanted == LAST:
        found = sorted((path for path in folder.glob("*.json") if not path.name.startswith(".")), reverse=True)
    else:
        found = [path for path in (Path(wanted), folder / wanted, folder / f"{wanted}.json") if path.is_file()][:1]
    if not found:
        raise NoEarlierCount(directory, wanted)
    return tuple(found)


def _read(path: Path) -> Counts:
    try:
        return json.parsed(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise CountUnreadable(path) from None
