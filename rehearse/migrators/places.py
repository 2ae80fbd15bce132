"""Places in the files of the steps: what the repository calls them, where they begin, which line sends a statement."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from rehearse.migrators import remarks
from rehearse.model.origin import Origin, beginning
from rehearse.watch import tokens

_UPGRADE = re.compile(r"^(?:async\s+)?def\s+upgrade\b|^class\s+Migration\b", re.MULTILINE)


def in_repository(path: Path, source: str) -> str | None:
    """Return a file's path from the root of its git repository; where there is none, as people know it if relative."""
    for directory in path.parents:
        if (directory / ".git").exists():  # a directory, or in a worktree a file
            return path.relative_to(directory).as_posix()
    return None if Path(source).is_absolute() else Path(source).as_posix()


def of_upgrade(path: Path) -> int:
    """Return the line where a revision's way up begins; 1 where it is not found."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 1
    found = _UPGRADE.search(text)
    return text.count("\n", 0, found.start()) + 1 if found else 1


def of_script(text: str, step: str) -> tuple[Origin, ...]:
    """Return the statements of a SQL script, each with the line it begins in."""
    script = remarks.without_rows(text)
    found: list[Origin] = []
    line, counted = 1, 0
    for start, sql in tokens.placed_parts(script):
        line, counted = line + script.count("\n", counted, start), start
        found.append(Origin(step=step, line=line, words=beginning(sql)))
    return tuple(found)


def of_call(sql: str, *, step: str, line: int, times: int) -> Iterator[Origin]:
    """Yield the statements of a string that a line of a revision sent, so many times one after the other."""
    words = tuple(filter(None, map(beginning, tokens.parts(sql))))
    if len(words) == 1:
        yield Origin(step=step, line=line, words=words[0], times=times)
        return
    yield from (Origin(step=step, line=line, words=each) for _ in range(times) for each in words)
