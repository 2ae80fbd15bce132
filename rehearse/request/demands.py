"""What the project itself demands of a migrated stage: its own checks, and that its old release goes on working."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from datetime import timedelta

from rehearse.checkout.worktree import Worktree
from rehearse.config import Configuration
from rehearse.errors import RequestError
from rehearse.migrators import sql
from rehearse.model.migration import MigrationPlan
from rehearse.model.own_check import OwnCheck
from rehearse.releases.code import Releases, seen_from, settled


class NothingOld(RequestError):
    """A command of the old release was given, and no old release."""

    def __init__(self) -> None:
        super().__init__(
            "--still-works runs from the code of the release that is in production, and none is named.",
            "Name its tag or commit with --base.",
        )


class NotACommand(RequestError):
    """A command that no shell would read."""

    def __init__(self, flag: str, error: ValueError) -> None:
        super().__init__(f"{flag} is no command line: {str(error).lower()}.", "Check its quotes.")


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


def demanded(
    releases: Releases,
    configuration: Configuration,
    plan: MigrationPlan,
    old: MigrationPlan | None,
    still_works: str | None,
) -> Demands:
    """Return what is asked beside a plan; `old` is how the base migrates, `still_works` a command.

    Raises NothingOld, NotACommand and InterpreterMissing.
    """
    release, words = None, still_works or configuration.migrations.old_release_command
    if still_works is not None and releases.base is None:
        raise NothingOld
    if releases.base is not None:
        release = OldRelease(
            told=releases.base.base.told,
            command=_split("--still-works", words or ""),
            project=_project(releases.base, configuration, plan),
            plan=old if _is_recorded(old) else None,
            max_seconds=configuration.migrations.old_release_max_seconds,
        )
    return Demands(
        project=_project(releases.at, configuration, plan),
        checks=configuration.checks,
        old_release=release,
        at=None if releases.at is None else releases.at.base.told,
        remarks=releases.remarks,
    )


def _is_recorded(plan: MigrationPlan | None) -> bool:
    """Say whether the tool of a plan knows what production has already."""
    if plan is None or plan.tool == "none":
        return False
    return plan.tool != "sql" or (plan.folder is not None and sql.unrecorded(plan.folder) is None)


def _project(worktree: Worktree | None, configuration: Configuration, plan: MigrationPlan) -> MigrationPlan:
    """Return where the project's own commands run: beside its configuration, as its migrations do."""
    own = seen_from(worktree, configuration).migrations
    chosen = replace(
        own.project(), directory=own.directory, command=(), python=plan.python, env=plan.env, declared=plan.declared
    )
    return settled(chosen, worktree) if worktree is not None and chosen.directory.is_dir() else chosen


def _split(flag: str, words: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(words))
    except ValueError as error:
        raise NotACommand(flag, error) from None
