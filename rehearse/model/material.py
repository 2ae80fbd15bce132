"""The material of a migration: the files it is made of, and the folders it searched for them."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from enum import Enum

_MODULE = re.compile(r"(?P<module>\w+)(/|\.pyc?|(\.[^/]+)?\.(so|pyd))")  # a package, source, bytecode, an extension


class Part(Enum):
    """What a file is to a migration."""

    REVISION = "revision"  # a step
    IMPORTED = "imported"  # code that it runs: env.py, models, helpers, revisions that were applied earlier
    OPENED = "opened"  # anything else it reads
    CONFIGURATION = "configuration"  # alembic.ini, pyproject.toml


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file as it was when it was read."""

    path: str  # relative to the project's root; absolute where it lies elsewhere
    sha256: str
    text: str  # sha256 of the same with LF for CR LF
    link: str | None = None  # where it really lies, if the path leads there by a symbolic link
    part: Part = Part.OPENED


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """What a folder held when it was searched: names that end like those that were used from it."""

    path: str
    names: tuple[str, ...]  # sorted; those of folders end in "/"
    endings: tuple[str, ...]  # that count: ".py", ".sql", "/"

    def relevant(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Return which of other names would count, sorted."""
        return relevant(names, self.endings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A folder in which modules were looked for that were found behind it, or not at all."""

    path: str
    modules: tuple[str, ...]  # sorted

    def module(self, name: str) -> str | None:
        """Return the module that a name in the folder would be imported as now; None: none that was looked for.

        >>> passed = Passed(path=".", modules=("alembic",))
        >>> [passed.module(name) for name in ("alembic/", "alembic.abi3.so", "alembic.ini", "alembic.old.py")]
        ['alembic', 'alembic', None, None]
        """
        found = _MODULE.fullmatch(name)
        return found["module"] if found and found["module"] in self.modules else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What a migration read."""

    files: tuple[File, ...] = ()  # sorted by path
    folders: tuple[Folder, ...] = ()  # sorted by path
    unseen: tuple[str, ...] = field(default=())  # programs that may have read other files than were seen
    passed: tuple[Passed, ...] = ()  # sorted by path

    @property
    def digest(self) -> str:
        """Return a sha256 of what was read: two migrations that agree in it are the same."""
        plain = [
            [[found.path, found.sha256, found.link] for found in self.files],
            [[found.path, list(found.names)] for found in self.folders],
            list(self.unseen),
        ]
        return hashlib.sha256(json.dumps(plain).encode()).hexdigest()


def relevant(names: tuple[str, ...], endings: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names with one of the endings, sorted; hidden ones and what Python compiled do not count.

    >>> relevant(("b.py", "a.sql", ".c.py", "__pycache__/", "old/"), (".py", "/"))
    ('b.py', 'old/')
    """
    return tuple(
        sorted(name for name in names if name.endswith(endings) and name[0] != "." and not name.startswith("__pycache"))
    )
