"""The shapes of what did not end well."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict  # pydantic reads no other before Python 3.12


class Remnant(TypedDict):
    """What is left of a step that is not recorded as applied."""

    kind: str
    object: str
    step: str
    told: str
    invalid: bool


class Failure(TypedDict):
    """What failed, where, and how the database was left."""

    sqlstate: str | None
    message: str
    statement: str | None
    location: str | None
    undone: list[str]
    kept: list[str]
    half_done: list[str]
    left_behind: list[Remnant]
    heads: dict[str, list[str]] | None


class Loss(TypedDict):
    """One thing that is not what it was after the way back."""

    kind: str
    object: str
    table: str | None
    told: str
    upgraded_again: bool


class Downgrade(TypedDict):
    """The way back from a step."""

    label: Literal["lossless", "lossy", "irreversible", "failing", "open"]
    reason: str | None
    losses: list[Loss]
    failure: Failure | None
    together_with: list[str]
    seconds: float


class Stopped(TypedDict):
    """A run that was ended at a limit."""

    step: str | None
    limit: str
    seconds: float
    busy_with: str
    location: str | None
