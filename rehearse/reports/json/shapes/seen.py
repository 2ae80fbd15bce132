"""The shapes of what the watch saw beside the statements."""

from __future__ import annotations

from typing_extensions import TypedDict  # pydantic reads no other before Python 3.12


class Wait(TypedDict):
    """A wait of the migration for a lock of another of its connections."""

    session: str
    holders: list[str]
    statement: int
    mode: str
    awaited: str
    started: str
    waited_ms: float
    was_granted: bool


class Size(TypedDict):
    """What belongs to a table."""

    table_bytes: int
    index_bytes: int
    toast_bytes: int


class SizeChange(TypedDict):
    """A table of another size afterwards; `after` is null where it is gone."""

    object: str
    before: Size
    after: Size | None


class RebuiltIndex(TypedDict):
    """An index of the same name as before that is another one."""

    object: str
    table: str
    old_oid: int
    new_oid: int


class Connection(TypedDict):
    """An attempt to reach another database; `redirected`: it was given the stage instead."""

    target: str
    redirected: bool
    location: str | None


class Heads(TypedDict):
    """What the version tables held, and the revisions the run was to end at."""

    before: dict[str, list[str]]
    after: dict[str, list[str]]
    targets: list[str]
