"""SQL files as other tools name them, in the order those tools play them."""

from __future__ import annotations

import re
from pathlib import Path

_DIGITS = re.compile(r"(\d+)")
_UNDO = re.compile(r"^U[\d._]+__|\.(down|undo)\.sql$", re.IGNORECASE)


def scripts(path: Path) -> tuple[Path, ...]:
    """Return the files to play: one file, or a folder's in natural order, without those that undo.

    Flyway plays its repeatable files (R__) after the versioned ones.
    """
    if path.is_file():
        return (path,)
    found = (file for file in path.glob("*.sql") if not _UNDO.search(file.name))
    return tuple(sorted(found, key=lambda file: (file.name.startswith("R__"), _natural(file.name), file.name)))


def _natural(name: str) -> tuple[tuple[int, str], ...]:
    """Return a key under which 2 comes before 10.

    >>> sorted(["V10__b.sql", "V2__a.sql"], key=_natural)
    ['V2__a.sql', 'V10__b.sql']
    """
    return tuple((int(part), "") if part.isdigit() else (0, part) for part in _DIGITS.split(name))
