"""dbmate: `20260101_x.sql` with an up and a down section; each applied version is a row."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import psycopg

from rehearse.errors import RequestError
from rehearse.migrators.scripts import history
from rehearse.migrators.scripts.history import OneVersionTwice
from rehearse.migrators.scripts.script import Pending, Script, played_as_one_string, text_of

_FILE = re.compile(r"(?P<version>\d+).*\.sql")
_UP = re.compile(r"--\s*migrate:up(?P<options>\s.*|)$")
_DOWN = re.compile(r"--\s*migrate:down(\s|$)")


class NoUpSection(RequestError):
    """A file does not say what is to be played."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} has no line `-- migrate:up`.", "dbmate needs one before the statements to play.")


def recognises(files: Iterable[Path]) -> bool:
    """Take files with a line `-- migrate:up`."""
    return any(_UP.match(line) for path in files for line in text_of(path).splitlines())


def script(path: Path) -> Script:
    """Return the up section, in one transaction unless it says `transaction:false`; raises NoUpSection.

    Without a transaction the tool sends the section as one string.
    """
    text = text_of(path)
    section, options, inside = [], "", False
    for line in text.splitlines():
        if begins := _UP.match(line):
            inside, options = True, begins["options"]
        elif _DOWN.match(line):
            break
        section.append(line if inside else "")
    if not any(section):
        raise NoUpSection(path)
    played = "\n".join(section) + "\n"
    alone = "transaction:false" in options.split()
    return Script(path=path, one_transaction=not alone or played_as_one_string(played), section=played)


def pending(folder: Path, connection: psycopg.Connection) -> Pending:
    """Return the files whose versions production has not recorded, by name.

    Raises NoUpSection, OneVersionTwice and SeveralHistories.
    """
    files = [(named["version"], path) for path in sorted(folder.glob("*.sql")) if (named := _FILE.fullmatch(path.name))]
    recorded = history.rows(connection, "schema_migrations", ("version",), "version")
    applied = {str(version) for (version,) in recorded or ()}
    left: dict[str, Path] = {}
    for version, path in files:
        if version in left:
            raise OneVersionTwice(version, (left[version].name, path.name))
        if version not in applied:
            left[version] = path
    return Pending(
        scripts=tuple(script(path) for path in left.values()),
        notes=(history.unrecorded("dbmate"),) if recorded is None else tuple(_notes(files, applied, left)),
    )


def _notes(files: list[tuple[str, Path]], applied: set[str], left: dict[str, Path]) -> Iterable[str]:
    gone = sorted(applied - {version for version, _ in files})
    yield from history.missing(gone, "dbmate does not mind; an older checkout would look the same.")
    newest = max(applied, default="")
    late = (path.name for version, path in left.items() if version < newest)
    yield from history.late(late, newest, "dbmate plays such files, unless called with --strict.")
