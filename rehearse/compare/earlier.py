"""Counts of earlier days: kept, and compared with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rehearse.archive import history
from rehearse.diff.counts import since
from rehearse.errors import RehearseError
from rehearse.model.counts import Counts
from rehearse.reports.counts import json


class CountUnreadable(RehearseError):
    """A kept count is none, or was damaged."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is no count that rehearse has kept.", "Name another one, or remove it.")


def earlier(directory: Path, wanted: str, names: frozenset[str]) -> Counts:
    """Return an earlier count of any of these sides: the last one, or one by name; raises NoEarlierCount."""
    for path in history.kept(directory, wanted):
        found = _read(path)
        if names & {side.name for side in found.sides} or wanted != history.LAST:
            return found
    raise history.NoEarlierCount(directory, wanted)


def against(then: Counts, now: Counts) -> Counts:
    """Return the counts with what changed since the earlier ones."""
    return replace(now, since=since(then, now))


def keep(directory: Path, counts: Counts) -> None:
    """Keep a count for later; raises OSError."""
    history.keep(directory, counts.counted_at, json.render(counts))


def _read(path: Path) -> Counts:
    try:
        return json.parsed(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise CountUnreadable(path) from None
