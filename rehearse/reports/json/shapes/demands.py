"""The shapes of what the project itself asked of the migrated stage."""

from __future__ import annotations

from typing_extensions import TypedDict  # pydantic reads no other before Python 3.12


class Answer(TypedDict):
    """What a query of the project returned: its rows, and the keys of the first ones."""

    rows: int | None
    more: bool
    keys: list[str]
    error: str | None


class OwnCommand(TypedDict):
    """A command of the project that was run against the migrated stage."""

    command: str
    exit_status: int
    seconds: float
    stopped: str | None
    output: str
    refused: list[str]
    isolation: list[str]


class OwnCheck(TypedDict):
    """A check of the project's own, and what became of it."""

    name: str
    standing: str
    sql: str | None
    before: Answer | None
    after: Answer | None
    command: OwnCommand | None


class OldRelease(TypedDict):
    """The release in production, and how its own command fared on the migrated stage."""

    release: str
    standing: str
    command: OwnCommand | None
