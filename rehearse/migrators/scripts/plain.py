"""Plain files: ordered by their names, played as they stand, recorded nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import psycopg

from rehearse.errors import RequestError
from rehearse.migrators.scripts.script import Pending, Script, natural, text_of

_DOWN = re.compile(r"^--\s*(\+goose|\+migrate|down migration)", re.IGNORECASE | re.MULTILINE)
_TOOLS = {"+goose": "goose", "+migrate": "sql-migrate", "down migration": "node-pg-migrate"}
_UNDO = re.compile(r"\.(down|undo)\.sql$", re.IGNORECASE)


class ForAnotherTool(RequestError):
    """A file has sections that psql cannot tell apart."""

    def __init__(self, path: Path, tool: str) -> None:
        super().__init__(
            f"{path} is written for {tool}: psql would play its down section, too.",
            f'Run {tool} itself: tool = "command" and its own command line in [migrations].',
        )


def recognises(files: Iterable[Path]) -> bool:  # noqa: ARG001 - the shape every convention has
    """Take what no tool's convention has taken."""
    return True


def script(path: Path) -> Script:
    """Return a file as it stands: its BEGIN and COMMIT are its own. Raises ForAnotherTool."""
    if down := _DOWN.search(text_of(path)):
        raise ForAnotherTool(path, _TOOLS[down[1].lower()])
    return Script(path=path)


def pending(folder: Path, connection: psycopg.Connection) -> Pending:  # noqa: ARG001 - the shape every convention has
    """Return every file of the folder in natural order, without those that undo."""
    return Pending(
        scripts=tuple(script(path) for path in files(folder)),
        notes=("Plain SQL files are recorded nowhere: every file was taken for pending.",),
    )


def files(folder: Path) -> tuple[Path, ...]:
    """Return the files of a folder in natural order, without those that undo."""
    found = (file for file in folder.glob("*.sql") if not _UNDO.search(file.name))
    return tuple(sorted(found, key=lambda file: (natural(file.name), file.name)))
