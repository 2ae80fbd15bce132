"""Files of a project, named as they are on every machine: relative to its root."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


def path_within(path: Path, root: Path) -> str:
    """Return a path as seen from the root, absolute where it lies elsewhere; links below the root are not followed.

    >>> path_within(Path("/app/versions/1.py"), Path("/app")), path_within(Path("/data/x.csv"), Path("/app"))
    ('versions/1.py', '/data/x.csv')
    """
    full = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links
    if full.is_relative_to(root):
        return full.relative_to(root).as_posix()
    real, place = Path(os.path.realpath(full)), Path(os.path.realpath(root))  # the root itself may be named by a link
    return real.relative_to(place).as_posix() if real.is_relative_to(place) else str(full)


def link_of(path: Path, root: Path) -> str | None:
    """Return where a file really lies if a symbolic link leads there; one that leads to the root itself counts not."""
    real, place = Path(os.path.realpath(path)), Path(os.path.realpath(root))
    found = path_within(real, place)
    return None if found == path_within(path, root) else found


def digests_of(path: Path) -> tuple[str, str] | None:
    """Return the sha256 of what a file holds, and of that with LF for CR LF; None where it cannot be read."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    return hashlib.sha256(content).hexdigest(), hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest()


def names_in(folder: Path) -> tuple[str, ...] | None:
    """Return the names in a folder, those of folders with a "/" at the end, sorted; None where it is none."""
    try:
        with os.scandir(folder) as entries:
            return tuple(sorted(f"{entry.name}/" if entry.is_dir() else entry.name for entry in entries))
    except OSError:
        return None
