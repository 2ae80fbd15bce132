"""The audit: what was let through to production, line by line, each holding the hash of the one before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

START = "0" * 64  # stands for the hash of a line before the first


class Act(Enum):
    """What is written down."""

    PASSED = "passed"  # a gate let a rehearsed release through
    EMERGENCY = "emergency"  # somebody let a release through without


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where an audit ends."""

    count: int = 0
    hash: str = START

    @property
    def told(self) -> str:
        """Return it as people compare it: "3 entries, head 1a2b3c4d5e6f"."""
        if not self.count:
            return "no entry"
        return f"{self.count} entr{'y' if self.count == 1 else 'ies'}, head {self.hash[:12]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the audit."""

    number: int  # from 1
    at: datetime
    act: Act
    environment: str  # its name, or where it is
    who: Mapping[str, str]  # "user", "host", and what a CI says of the person and the job
    reason: str = ""  # of an emergency
    skipped: tuple[str, ...] = ()  # what the gate had to say against it
    run: str | None = None
    commit: str | None = None
    dirty: bool = False
    files: Mapping[str, str] = field(default_factory=dict)  # path -> sha256: what was known of the release
    heads: Mapping[str, tuple[str, ...]] | None = None  # of production then; None: it could not be read
    fingerprint: str | None = None  # of production's catalog then
    previous: str  # sha256 of the line before
    signature: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unrehearsed:
    """A release that nobody rehearsed, and that the production of a rehearsal may not contain yet."""

    at: datetime
    environment: str
    who: str
    reason: str

    @property
    def told(self) -> str:
        """Say it in a sentence."""
        return (
            f"{self.environment} got an unrehearsed release on {self.at:%Y-%m-%d %H:%M} UTC, by {self.who}: "
            f"{self.reason.rstrip('.')}."
        )


def unrehearsed(
    entries: tuple[Entry, ...],
    environment: str | None,
    taken_at: datetime,
    heads: Mapping[str, tuple[str, ...]],
    fingerprint: str,
) -> tuple[Unrehearsed, ...]:
    """Return the emergencies that the production of a snapshot does not contain.

    It contains one if it was read later and is no longer what it was when the release was let through.
    """
    return tuple(
        Unrehearsed(at=entry.at, environment=entry.environment, who=who_of(entry), reason=entry.reason)
        for entry in entries
        if entry.act is Act.EMERGENCY
        and environment in (entry.environment, None)
        and (taken_at < entry.at or (entry.heads == heads and entry.fingerprint == fingerprint))
    )


def who_of(entry: Entry) -> str:
    """Return the person behind an entry: whom the CI names, else the account."""
    return entry.who.get("actor") or f"{entry.who.get('user', '?')}@{entry.who.get('host', '?')}"
