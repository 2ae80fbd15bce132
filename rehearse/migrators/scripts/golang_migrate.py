"""golang-migrate: `1_x.up.sql`, each sent as one string; one row says how far a database has come."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import psycopg

from rehearse.migrators.scripts import history
from rehearse.migrators.scripts.history import AheadOfFolder, HistoryFailed, OneVersionTwice
from rehearse.migrators.scripts.script import Pending, Script, played_as_one_string, text_of

_TOOL = "golang-migrate"
_UP = re.compile(r"(?P<version>\d+)_.*\.up\.sql")


def recognises(files: Iterable[Path]) -> bool:
    """Take files called `1_x.up.sql`."""
    return any(_UP.fullmatch(path.name) for path in files)


def script(path: Path) -> Script:
    """Return a file as the tool's driver plays it: as one string."""
    return Script(path=path, one_transaction=played_as_one_string(text_of(path)))


def pending(folder: Path, connection: psycopg.Connection) -> Pending:
    """Return the files above production's version.

    Raises HistoryFailed (a dirty version), AheadOfFolder, OneVersionTwice and SeveralHistories.
    """
    files = _by_version(folder)
    reached = history.rows(connection, _TOOL, ("version", "dirty"), "version")
    notes = (history.unrecorded(_TOOL),) if reached is None else ()
    current = -1
    for version, dirty in reached or ():
        if dirty == "true":
            raise HistoryFailed(_TOOL, str(version), "clear the mark with `migrate force VERSION`")
        current = int(str(version))
        if current not in files:
            raise AheadOfFolder(str(version))
    return Pending(
        scripts=tuple(script(path) for version, path in sorted(files.items()) if version > current), notes=notes
    )


def _by_version(folder: Path) -> dict[int, Path]:
    found: dict[int, Path] = {}
    for path in sorted(folder.glob("*.sql")):
        if named := _UP.fullmatch(path.name):
            version = int(named["version"])
            if version in found:
                raise OneVersionTwice(str(version), (found[version].name, path.name))
            found[version] = path
    return found
