"""Counts of earlier days: kept, and compared with."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path

from rehearse.compare.asked import Asked
from rehearse.db.connect import describe
from rehearse.diff.counts import since
from rehearse.errors import RehearseError, RequestError
from rehearse.model.counts import Counts
from rehearse.model.quantity import listing
from rehearse.reports.counts import json

FOLDER = Path(".rehearse") / "counts"
LAST = "last"
_LIMITS = ("tables", "exclude", "views", "where", "by")


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


class OtherCount(RequestError):
    """A count that answers another question."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} cannot be compared with: {why}.", "Ask for the same as then, or name another count.")


class MaskedGroups(RequestError):
    """Groups whose names hold for one call only."""

    def __init__(self) -> None:
        super().__init__(
            "Groups are called by masked values here, and their key lives as long as one call.",
            "Give sanitise.key in rehearse.toml, or --show-keys, then and now.",
        )


def earlier(directory: Path, wanted: str, asked: Asked) -> Counts:
    """Return an earlier count that answered the same question: the last one, or one by name.

    Raises NoEarlierCount, OtherCount and MaskedGroups.
    """
    if asked.by is not None and asked.sanitise.key is None and not asked.show_keys:
        raise MaskedGroups
    for path in _kept(directory, wanted):
        found = _read(path)
        why = _otherwise(found, asked)
        if why is None:
            return found
        if wanted != LAST:
            raise OtherCount(path, why)
    raise NoEarlierCount(directory, wanted)


def _otherwise(found: Counts, asked: Asked) -> str | None:
    """Say how a count differs from what is asked now."""
    sides = {(each.name, describe(each.url) if each.url else each.snapshot) for each in asked.environments}
    if not sides & {(side.name, side.place) for side in found.sides}:
        return f"it is of {listing(tuple(side.name for side in found.sides))}"
    now = asked.told()
    others = tuple(name for name in _LIMITS if found.asked.get(name) != now[name])
    return f"it was asked with other {listing(others)}" if others else None


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
        found = [path for path in (Path(wanted), folder / wanted, folder / f"{wanted}.json") if _is_file(path)][:1]
    if not found:
        raise NoEarlierCount(directory, wanted)
    return tuple(found)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # too long for a name
        return False


def _read(path: Path) -> Counts:
    try:
        return json.parsed(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise CountUnreadable(path) from None
