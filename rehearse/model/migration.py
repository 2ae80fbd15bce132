"""A migration: what a migrator reports after playing the pending steps on a stage."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from rehearse.model.timeline import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationPlan:
    """What is to be played, as asked for; paths are absolute."""

    tool: str  # "alembic", "sql", "command"
    directory: Path  # working directory of the migrating process
    config: Path | None = None  # alembic.ini or pyproject.toml
    files: tuple[Path, ...] = ()  # SQL scripts, in order: all of them are played
    folder: Path | None = None  # or a folder of them, of which the pending ones are
    single_transaction: bool = False  # plain SQL scripts: one transaction a file
    target: str | None = None  # revision; None: every head
    python: Path | None = None  # the project's interpreter; None: the active virtual environment
    command: tuple[str, ...] = ()  # the project's own command instead of `alembic upgrade`
    env: tuple[str, ...] = ()  # names of variables handed through
    declared: tuple[str, ...] = ()  # URLs of declared environments: redirected to the stage
    max_seconds: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRun:
    """One pending step and what became of it."""

    id: str
    title: str
    source: str  # path relative to the project, "versions/ae10_x.py"
    started: datetime | None
    ended: datetime | None
    outcome: Outcome
    error: str | None = None  # "UniqueViolation: could not create unique index ..."
    location: str | None = None  # "versions/ae10_x.py:31"

    @property
    def duration(self) -> timedelta:
        if self.started is None or self.ended is None:
            return timedelta(0)
        return self.ended - self.started


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignConnection:
    """An attempt of the migrating process to reach something that is not the stage."""

    target: str  # password hidden
    redirected: bool  # True: declared, and given the stage instead; False: refused
    location: str | None = None  # file:line that asked for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """What happened when a migrator played the plan."""

    tool: str
    steps: tuple[StepRun, ...]
    exit_status: int  # of the migrating process; 0: it says it succeeded
    output_tail: str  # last lines it printed, values redacted
    observed: bool  # the migrator knows where the steps begin (the hook said hello)
    known_revisions: int | None = None  # in the project; 0 or None: "no revisions found"
    targets: tuple[str, ...] = ()  # revisions the run should end at
    connections: tuple[ForeignConnection, ...] = ()
    open_points: tuple[str, ...] = ()  # what could not be established, in sentences
    notes: tuple[str, ...] = ()
    versions: tuple[tuple[str, str], ...] = ()  # ("alembic", "1.20.1"), of the project's interpreter
    timed_out: bool = False
    isolation: tuple[str, ...] = ()  # layers that held the process: "network namespace", ...
