"""What the project itself demands of a migrated stage: its own checks, and that its old release goes on working."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from rehearse import standing
from rehearse.migrators import own_commands
from rehearse.model.migration import MigrationPlan
from rehearse.model.own_check import Answer, CommandRun, OldReleaseRun, OwnCheck, OwnCheckRun
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.stage import Stage
from rehearse.protocols import Progress, RaisedStage
from rehearse.stages import own_checks


@dataclass(frozen=True, slots=True, kw_only=True)
class OldRelease:
    """The release that is in production, and how it says whether it works."""

    told: str  # "v1.4 (1a2b3c4d5e)"
    project: MigrationPlan  # where its code is and who runs it
    command: tuple[str, ...] = ()  # empty: nobody is asked
    plan: MigrationPlan | None = None  # how it migrates; None: no tool records what production has
    max_seconds: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Demands:
    """What is asked beside the migration; commands run in `project`."""

    project: MigrationPlan
    checks: tuple[OwnCheck, ...] = ()
    old_release: OldRelease | None = None
    at: str | None = None  # the release that is rehearsed; None: the working tree
    remarks: tuple[str, ...] = ()  # on the releases' code

    @property
    def base(self) -> str | None:
        """Return how the release in production is called, None where none was named."""
        return None if self.old_release is None else self.old_release.told

    def ask_first(self, raised: RaisedStage, progress: Progress) -> Mapping[str, Answer]:
        """Make sure that the old release is what production has, and ask the queries before the migration.

        Raises what `standing.confirm` raises, OwnCheckWrong and OwnCheckReturnsNothing.
        """
        if self.old_release is not None and self.old_release.plan is not None:
            progress(f"comparing production with {self.old_release.told}")
            standing.confirm(self.old_release.told, self.old_release.plan, raised)
        if self.checks:
            progress("asking the project's own checks")
        return own_checks.ask_first(self.checks, raised.stage)

    def answered(
        self, rehearsal: Rehearsal, stage: Stage, before: Mapping[str, Answer], progress: Progress
    ) -> Rehearsal:
        """Ask again and run the commands, where the migration ended well; the stage may hold what they wrote.

        All queries come before the first command. Raises OwnCommandNotFound and what `own_commands.play` raises.
        """
        migration = replace(rehearsal.migration, notes=(*rehearsal.migration.notes, *self.remarks))
        release = self.old_release if self.old_release is not None and self.old_release.command else None
        if not self.checks and release is None:
            return replace(rehearsal, migration=migration)
        progress("asking the project's own checks")
        ended_well = not migration.exit_status and migration.stopped is None and not migration.failed
        after = own_checks.ask(self.checks, stage) if ended_well else {}
        asked = tuple(
            OwnCheckRun(
                check=check,
                before=before.get(check.name),
                after=after.get(check.name),
                run=self._run(check, stage) if ended_well and check.command else None,
            )
            for check in self.checks
        )
        old = None
        if release is not None:
            old = OldReleaseRun(release=release.told, run=_of_old(release, stage) if ended_well else None)
        return replace(rehearsal, migration=migration, own_checks=asked, old_release=old)

    def _run(self, check: OwnCheck, stage: Stage) -> CommandRun:
        whose = f'the check "{check.name}" ([[checks]])'
        return own_commands.play(check.command, self.project, stage, whose=whose, limit=check.max_seconds)


def _of_old(release: OldRelease, stage: Stage) -> CommandRun:
    whose = f"the old release, {release.told}"
    return own_commands.play(release.command, release.project, stage, whose=whose, limit=release.max_seconds)
