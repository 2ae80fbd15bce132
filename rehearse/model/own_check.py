"""A project's own checks: SQL that must return no row, and commands that must succeed on the migrated stage."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from rehearse.model.migration import ForeignConnection
from rehearse.model.quantity import count, duration, listing, rows

# SQLSTATEs (manual, Appendix A): what may be made by the migration, and what is no fault of the query.
_MISSING = frozenset({"42P01", "42703", "42883", "42704", "3F000"})
_OF_THE_SERVER = ("08", "40", "53", "55P03", "57", "58", "XX")
_MORE_TIME = "Raise its max_seconds if it only needs more time."


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCheck:
    """A query that must return no row, or a command that must end with status 0."""

    name: str
    sql: str | None = None
    command: tuple[str, ...] = ()
    max_seconds: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a query returned at one moment."""

    rows: int | None = None  # None: there is no answer
    more: bool = False  # there are more, and they were not counted
    keys: tuple[str, ...] = ()  # of the first ones, "id 4"
    error: str | None = None
    sqlstate: str | None = None

    @property
    def names_what_is_missing(self) -> bool:
        return self.sqlstate in _MISSING

    @property
    def is_open(self) -> bool:
        """Say whether the query was not answered, and is not to blame: a limit of time, a server that went away."""
        return self.rows is None and (self.sqlstate is None or self.sqlstate.startswith(_OF_THE_SERVER))

    @property
    def told(self) -> str:
        """Say it: "no row", "3 rows"."""
        if self.rows is None:
            return f"no answer ({self.error})"
        return f"{count(self.rows)} rows or more" if self.more else rows(self.rows) if self.rows else "no row"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandRun:
    """A command that ran against the migrated stage."""

    words: str  # redacted
    exit_status: int
    output_tail: str  # redacted
    took: timedelta
    stopped: str | None = None  # at its limit: completes "it was ..."
    connections: tuple[ForeignConnection, ...] = ()  # to elsewhere
    isolation: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        """Say how it ended: "status 1 after 2.0 s"."""
        if self.stopped is not None:
            return f"stopped after {duration(self.took)}; it was {self.stopped}"
        elsewhere = tuple(dict.fromkeys(found.target for found in self.connections if not found.redirected))
        refused = f"; it was refused a connection to {listing(elsewhere)}" if elsewhere else ""
        return f"status {self.exit_status} after {duration(self.took)}{refused}"

    @property
    def last_line(self) -> str:
        return self.output_tail.rstrip().rpartition("\n")[2].strip()


class Standing(Enum):
    """What became of a check."""

    HOLDS = "holds"
    FAILS = "fails"
    WAS_BROKEN = "was broken before"
    OPEN = "open"
    NOT_RUN = "not run"  # the migration did not end well


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCheckRun:
    """A check, and what it found before the migration and after it."""

    check: OwnCheck
    before: Answer | None = None  # of a query
    after: Answer | None = None
    run: CommandRun | None = None  # of a command

    @property
    def standing(self) -> Standing:
        if self.check.sql is None:
            return _standing_of(self.run)
        return _standing_of_query(self.before or Answer(), self.after)

    @property
    def open_point(self) -> str | None:
        """Say what was not answered, and how to close it."""
        if self.standing is not Standing.OPEN:
            return None
        name = f'The own check "{self.check.name}"'
        if self.run is not None:
            return f"{name} was {self.run.told}. {_MORE_TIME}"
        if self.after is not None and self.after.names_what_is_missing:
            return f"{name} names what is there neither before the migration nor after it: {self.after.error}."
        if self.after is not None and self.after.rows is None:
            return f"{name} found {self.after.told} after the migration. {_MORE_TIME}"
        before = "nothing" if self.before is None else self.before.told
        return (
            f"{name} found {before} before the migration, so whether its {self.after.told if self.after else ''} "
            f"after it were there already is open. {_MORE_TIME}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OldReleaseRun:
    """The command of the release that is in production, run against the migrated stage."""

    release: str  # "v1.4 (1a2b3c4d5e)"
    run: CommandRun | None  # None: the migration did not end well

    @property
    def standing(self) -> Standing:
        return _standing_of(self.run)

    @property
    def open_point(self) -> str | None:
        """Say what was not answered, and how to close it."""
        if self.run is None or self.standing is not Standing.OPEN:
            return None
        return (
            f"Whether the old release {self.release} works on the migrated stage is open: its command was "
            f"{self.run.told}. Raise migrations.old_release_max_seconds if it only needs more time."
        )


def _standing_of(run: CommandRun | None) -> Standing:
    if run is None:
        return Standing.NOT_RUN
    if run.stopped is not None:
        return Standing.OPEN
    return Standing.FAILS if run.exit_status else Standing.HOLDS


def _standing_of_query(before: Answer, after: Answer | None) -> Standing:
    if after is None:
        return Standing.NOT_RUN
    if after.rows is None:
        is_wrong = after.is_open or (before.names_what_is_missing and after.names_what_is_missing)
        return Standing.OPEN if is_wrong else Standing.FAILS
    if after.rows == 0:
        return Standing.HOLDS
    if before.rows is None:
        return Standing.FAILS if before.names_what_is_missing else Standing.OPEN
    return Standing.FAILS if after.rows > before.rows else Standing.WAS_BROKEN
