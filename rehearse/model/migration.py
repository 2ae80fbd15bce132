"""A migration: what a migrator reports after playing the pending steps on a stage."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from rehearse.model.material import Material
from rehearse.model.origin import Origin
from rehearse.model.quantity import duration
from rehearse.model.remark import Remark
from rehearse.model.timeline import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationPlan:
    """What is to be played, as asked for; paths are absolute."""

    tool: str  # "alembic", "sql", "command"
    directory: Path  # working directory of the migrating process
    root: Path | None = None  # of the project: of its repository, or where its configuration is; None: the directory
    config: Path | None = None  # alembic.ini or pyproject.toml
    files: tuple[Path, ...] = ()  # SQL scripts, in order: all of them are played
    folder: Path | None = None  # or a folder of them, of which the pending ones are
    single_transaction: bool = False  # plain SQL scripts: one transaction a file
    target: str | None = None  # revision; None: every head
    python: Path | None = None  # the project's interpreter; None: the active virtual environment
    command: tuple[str, ...] = ()  # the project's own command instead of `alembic upgrade`
    env: tuple[str, ...] = ()  # names of variables handed through
    search: tuple[Path, ...] = ()  # what Python looks through before all else
    declared: tuple[str, ...] = ()  # URLs of declared environments: redirected to the stage
    max_seconds: timedelta = timedelta(hours=1)  # of the whole run
    max_step_seconds: timedelta = timedelta(minutes=30)  # of one step


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
    parents: tuple[str, ...] | None = None  # revisions it builds on; None: its tool knows no such thing
    downgrade: str | None = None  # the way back is "written", "empty" or "missing"; None: not known
    is_of_code: bool = False  # the error came from the project's code, not from the database
    sqlstate: str | None = None  # of the error, as the driver told it
    statement: str | None = None  # that failed, as SQLAlchemy told it: placeholders for parameters
    remarks: tuple[Remark, ...] = ()  # comments of its file that are addressed to rehearse
    file: str | None = None  # path from the root of the repository, if it is in one; None: it is no file of the project
    line: int = 1  # of that file, where it begins

    @property
    def duration(self) -> timedelta:
        if self.started is None or self.ended is None:
            return timedelta(0)
        return self.ended - self.started


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """A run that was ended at a limit: what it was at tells whether it needed time or hung."""

    step: str | None  # None: it was in no step
    limit: str  # "max_step_seconds" or "max_seconds", of [migrations]
    after: timedelta  # of the step, or of the run where that was the limit
    busy_with: str  # completes "it was ..."
    location: str | None = None  # file:line that the project's code was at

    @property
    def told(self) -> str:
        """Say it in a sentence."""
        who = "The migration" if self.step is None else f"Step {self.step}"
        most = "a step" if self.limit == "max_step_seconds" else "a migration"
        where = f" ({self.location})" if self.location else ""
        return (
            f"{who} was stopped after {duration(self.after)}, as long as {most} may take (migrations.{self.limit}); "
            f"it was {self.busy_with}{where}."
        )


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
    stopped: Stopped | None = None  # at a limit
    isolation: tuple[str, ...] = ()  # layers that held the process: "network namespace", ...
    origins: tuple[Origin, ...] = ()  # which lines of the steps' files sent the statements, in order
    material: Material = field(default_factory=Material)  # the files it was made of

    @property
    def failed(self) -> tuple[StepRun, ...]:
        """Return the steps that failed by themselves, as opposed to one that was stopped at a limit."""
        stopped = self.stopped.step if self.stopped else None
        return tuple(step for step in self.steps if step.outcome is Outcome.FAILED and step.id != stopped)
