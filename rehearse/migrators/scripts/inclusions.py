"""What psql reads beside a script: files that the script includes or copies from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rehearse.errors import RehearseError
from rehearse.migrators.scripts.script import text_of

_COMMAND = re.compile(
    r"(?m)^[^\S\n]*\\(?P<verb>include_relative|include|ir|i|copy|lo_import|!)[^\S\n]*(?P<rest>[^\n]*)$"
)
_FROM = re.compile(r"(?i)\bfrom\s+(?P<file>'[^']+'|[^\s']+)")
_BY_A_PROGRAM = re.compile(r"(?m)^[^\S\n]*\\[^\n]*`")  # backquotes in a command of psql's
_OF_STDIN = ("stdin", "pstdin")


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """The files that are read, and what reads others that nobody can name."""

    files: tuple[Path, ...]
    unseen: tuple[str, ...]


def read_by(scripts: Iterable[Path], directory: Path) -> Read:
    """Return the scripts with all they include, in turn, when psql is started in a directory (manual, psql)."""
    files: dict[Path, None] = {}
    unseen: dict[str, None] = {}
    waiting = list(scripts)
    while waiting:
        path = waiting.pop(0)
        if path in files:
            continue
        files[path] = None
        try:
            text = text_of(path)
        except RehearseError:  # psql will say so, where it comes so far
            continue
        if _BY_A_PROGRAM.search(text):
            unseen[f"a program in {path.name}"] = None
        for found in _COMMAND.finditer(text):
            named, is_script = _named(found["verb"], found["rest"].strip(), path, directory)
            if named is None:
                unseen[f"\\{found['verb']} in {path.name}"] = None
            elif is_script:
                waiting.append(named)
            elif named != directory:
                files[named] = None
    return Read(files=tuple(files), unseen=tuple(unseen))


def _named(verb: str, rest: str, script: Path, directory: Path) -> tuple[Path | None, bool]:
    """Return the file a command reads (None: it cannot be told; the directory: none) and whether it is a script."""
    if verb == "!":
        return None, False
    word = rest.split(maxsplit=1)[0] if rest.split() else ""
    if verb == "copy":
        source = _FROM.search(rest)
        if source is None or source["file"].lower() in _OF_STDIN:
            return directory, False
        word = source["file"]
    word = word.strip("'\"")
    if not word or ":" in word or word.startswith("`") or word.lower() == "program":
        return None, False
    base = script.parent if verb in ("ir", "include_relative") else directory
    return base / word, verb not in ("copy", "lo_import")
