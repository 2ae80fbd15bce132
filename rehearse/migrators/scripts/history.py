"""A tool's own record of what has been applied, as production's snapshot holds it."""

from __future__ import annotations

from collections.abc import Iterable

import psycopg
from psycopg import sql

from rehearse.catalog.heads import version_tables
from rehearse.db.identity import identifier
from rehearse.errors import RehearseError, RequestError
from rehearse.model.quantity import listing


class SeveralHistories(RequestError):
    """More than one table may be the record."""

    def __init__(self, tool: str, tables: tuple[str, ...]) -> None:
        super().__init__(
            f"Production holds several history tables of {tool}: {listing(tables)}.",
            f'Run {tool} itself: tool = "command" and its own command line in [migrations].',
        )


class HistoryFailed(RehearseError):
    """The tool's record says that a migration failed half-way: the tool refuses to go on."""

    def __init__(self, tool: str, version: str, mending: str) -> None:
        super().__init__(
            f"Production's history says that version {version} failed: {tool} will play nothing until that is mended.",
            f"See what of version {version} is in production, put it right, then {mending}, and take a new snapshot.",
        )


class AheadOfFolder(RequestError):
    """Production is at a version of which there is no file."""

    def __init__(self, version: str) -> None:
        super().__init__(
            f"Production is at version {version}, of which the folder holds no file.",
            "Check out or merge the branch that was deployed last, then rehearse again.",
        )


class OneVersionTwice(RequestError):
    """Two files claim the same version."""

    def __init__(self, version: str, files: tuple[str, str]) -> None:
        super().__init__(
            f"{files[0]} and {files[1]} have the same version {version}.", "Give one of them a new version."
        )


def rows(
    connection: psycopg.Connection, tool: str, columns: tuple[str, ...], order: str
) -> tuple[tuple[object, ...], ...] | None:
    """Return columns of the tool's history table, as text; None where there is no such table.

    Raises SeveralHistories.
    """
    tables = tuple(found.table for found in version_tables(connection) if found.tool == tool)
    if not tables:
        return None
    if len(tables) > 1:
        raise SeveralHistories(tool, tables)
    reading = sql.SQL("SELECT {columns} FROM {table} ORDER BY {order}").format(
        columns=sql.SQL(", ").join(sql.SQL("{}::pg_catalog.text").format(sql.Identifier(name)) for name in columns),
        table=identifier(tables[0]),
        order=sql.Identifier(order),
    )
    return tuple(connection.execute(reading).fetchall())


def unrecorded(tool: str) -> str:
    """Say that nothing is known to be applied."""
    return f"Production has no history table of {tool}: every file was taken for pending."


def missing(versions: Iterable[str], what: str) -> tuple[str, ...]:
    """Say which applied versions have no file."""
    gone = tuple(versions)
    return (f"Production applied {listing(gone)}, of which the folder holds no file. {what}",) if gone else ()


def late(files: Iterable[str], newest: str, what: str) -> tuple[str, ...]:
    """Say which pending files are older than what is applied already."""
    older = tuple(files)
    return (f"Older than version {newest}, which production has already: {listing(older)}. {what}",) if older else ()
