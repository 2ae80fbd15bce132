"""What the project's own demands come to on a stage: asked before the migration and after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from rehearse.migrators import own_commands
from rehearse.model.own_check import Answer, CommandRun, OldReleaseRun, OwnCheck, OwnCheckRun
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.stage import Stage
from rehearse.protocols import Progress, RaisedStage
from rehearse.releases import in_production
from rehearse.request.demands import Demands, OldRelease
from rehearse.stages import own_checks


def ask_first(demands: Demands, raised: RaisedStage, progress: Progress) -> Mapping[str, Answer]:
    """Make sure that the old release is what production has, and ask the queries before the migration.

    Raises what `in_production.confirm` raises, OwnCheckWrong and OwnCheckReturnsNothing.
    """
    if demands.old_release is not None and demands.old_release.plan is not None:
        progress(f"comparing production with {demands.old_release.told}")
        in_production.confirm(demands.old_release.told, demands.old_release.plan, raised)
    if demands.checks:
        progress("asking the project's own checks")
    return own_checks.ask_first(demands.checks, raised.stage)


def answered(
    demands: Demands, rehearsal: Rehearsal, stage: Stage, before: Mapping[str, Answer], progress: Progress
) -> Rehearsal:
    """Ask again and run the commands, where the migration ended well; the stage may hold what they wrote.

    All queries come before the first command. Raises OwnCommandNotFound and what `own_commands.play` raises.
    """
    migration = replace(rehearsal.migration, notes=(*rehearsal.migration.notes, *demands.remarks))
    release = demands.old_release if demands.old_release is not None and demands.old_release.command else None
    if not demands.checks and release is None:
        return replace(rehearsal, migration=migration)
    progress("asking the project's own checks")
    ended_well = not migration.exit_status and migration.stopped is None and not migration.failed
    after = own_checks.ask(demands.checks, stage) if ended_well else {}
    asked = tuple(
        OwnCheckRun(
            check=check,
            before=before.get(check.name),
            after=after.get(check.name),
            run=_run(demands, check, stage) if ended_well and check.command else None,
        )
        for check in demands.checks
    )
    old = None
    if release is not None:
        old = OldReleaseRun(release=release.told, run=_of_old(release, stage) if ended_well else None)
    return replace(rehearsal, migration=migration, own_checks=asked, old_release=old)


def _run(demands: Demands, check: OwnCheck, stage: Stage) -> CommandRun:
    whose = f'the check "{check.name}" ([[checks]])'
    return own_commands.play(check.command, demands.project, stage, whose=whose, limit=check.max_seconds)


def _of_old(release: OldRelease, stage: Stage) -> CommandRun:
    whose = f"the old release, {release.told}"
    return own_commands.play(release.command, release.project, stage, whose=whose, limit=release.max_seconds)
