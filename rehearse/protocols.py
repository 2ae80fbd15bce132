"""The shapes a plugin may take. A plugin is a module with these names; its folder is the list."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from rehearse.model.counts import Counts
from rehearse.model.evidence import Evidence
from rehearse.model.finding import Family, Finding
from rehearse.model.migration import Migration, MigrationPlan
from rehearse.model.report import Report
from rehearse.model.snapshot import Snapshot
from rehearse.model.stage import Stage

Progress = Callable[[str], None]  # told what is being done now, in a few words


class RaisedStage(Protocol):
    """A stage that stands; leaving the context that made it takes it down."""

    @property
    def stage(self) -> Stage: ...

    @property
    def before(self) -> str | None:
        """Return the conninfo of the database the stage was cloned from, which no migration touches; None: no clone."""

    def reset(self) -> None:
        """Put the stage back to what it was before any migration ran, by cloning its template."""


class StageProvider(Protocol):
    """A module of `rehearse.stages`."""

    def raise_stage(self, snapshot: Snapshot, progress: Progress) -> AbstractContextManager[RaisedStage]: ...


class Migrator(Protocol):
    """A module of `rehearse.migrators`."""

    def play(self, plan: MigrationPlan, stage: Stage) -> Migration:
        """Play the pending steps on the stage and nowhere else.

        Raises RequestError where the plan itself is wrong (no alembic.ini, unknown revision, no such file).
        A step that fails is not an error of ours: it is reported in the Migration.
        """


class Check(Protocol):
    """A module of `rehearse.checks`: a constant half and a function from evidence to findings.

    Its file name, with dashes, is its name: in findings, in acknowledgements, of its sample folder and its test.
    HAZARDS are the rows of checks/hazards.toml it decides, for `rehearse checks --coverage`.
    """

    FAMILY: Family
    HAZARDS: tuple[str, ...]
    CONDITION: str
    EFFECT: str
    REMEDY: str

    def findings(self, evidence: Evidence) -> Iterator[Finding]: ...


class CountsFormat(Protocol):
    """A module of `rehearse.reports.counts`."""

    def render(self, counts: Counts) -> str: ...


class ReportFormat(Protocol):
    """A module of `rehearse.reports`."""

    def render(self, report: Report) -> str: ...
