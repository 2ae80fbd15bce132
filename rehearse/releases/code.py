"""Releases: the code of a tag that is to be rehearsed, and of the one that is in production."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from rehearse.checkout.base import Base
from rehearse.checkout.worktree import Worktree, checked_out
from rehearse.config import Configuration
from rehearse.errors import RequestError
from rehearse.migrators import project, sql
from rehearse.model.migration import MigrationPlan
from rehearse.model.quantity import listing

_TAKEN_FROM_BASE = "SQL files are recorded nowhere: only --base says that production is at {told}, and what is pending."


class NotInRelease(RequestError):
    """A release does not have what is to be played."""

    def __init__(self, told: str, path: Path) -> None:
        super().__init__(
            f"{told} has no {path}.",
            "Name what it has with --alembic, --sql or --command, or in [migrations]; git must know it.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Releases:
    """The code of the releases that are named, for as long as it is needed."""

    at: Worktree | None = None  # None: the working tree is rehearsed
    base: Worktree | None = None  # None: no release is said to be in production

    @property
    def remarks(self) -> tuple[str, ...]:
        return tuple(remark for worktree in (self.at, self.base) if worktree for remark in worktree.remarks)


@contextmanager
def provided(at: str | None, base: str | None, directory: Path) -> Iterator[Releases]:
    """Check the releases out, and put them away on leaving.

    Raises NoGit, NotARepository, UnknownCommit and NoWorktree.
    """
    named = [None if rev is None else Base.of(rev, directory, flag) for rev, flag in ((at, "--at"), (base, "--base"))]
    with ExitStack() as held:
        found = [None if commit is None else held.enter_context(checked_out(commit)) for commit in named]
        yield Releases(at=found[0], base=found[1])


def seen_from(worktree: Worktree | None, configuration: Configuration) -> Configuration:
    """Return today's configuration, its paths in a worktree."""
    if worktree is None:
        return configuration
    own = configuration.migrations
    moved = replace(
        own,
        directory=worktree.path(own.directory),
        config=None if own.config is None else worktree.path(own.config),
        path=None if own.path is None else worktree.path(own.path),
    )
    return replace(configuration, migrations=moved)


def settled(plan: MigrationPlan, worktree: Worktree | None, environ: Mapping[str, str] = os.environ) -> MigrationPlan:
    """Return a plan in a worktree with what only the working tree has: its interpreter and its programs.

    Raises NotInRelease.
    """
    if worktree is None:
        return plan
    for path in (plan.config, plan.folder, *plan.files):
        if path is not None and not path.exists() and path.is_relative_to(worktree.directory):
            raise NotInRelease(worktree.base.told, path.relative_to(worktree.directory))
    today = replace(plan, directory=worktree.today(plan.directory))
    config = None if plan.config is None else worktree.today(plan.config)
    return replace(
        plan,
        python=project.own_interpreter(today, config, environ),
        command=_with_program(plan, worktree),
        search=tuple(_search(plan, worktree, environ)),
    )


def since(base: MigrationPlan, plan: MigrationPlan, told: str) -> tuple[MigrationPlan, tuple[str, ...]]:
    """Return the plan with the files only that a base does not have, where no tool records what was applied.

    Beside it what is to be said of it; the plan as it is where a tool does.
    """
    files = None if plan.folder is None else sql.unrecorded(plan.folder)
    if plan.folder is None or base.folder is None or files is None:
        return plan, ()
    old = {path.relative_to(base.folder): path for path in sql.unrecorded(base.folder) or ()}
    now = {path.relative_to(plan.folder): path for path in files}
    new = tuple(path for name, path in now.items() if name not in old)
    changed = [name for name, path in now.items() if name in old and path.read_bytes() != old[name].read_bytes()]
    remarks = [_TAKEN_FROM_BASE.format(told=told)]
    if changed:
        named = listing(tuple(map(str, changed)))
        remarks.append(f"Changed since {told}, though production has them already; they were not played: {named}.")
    return replace(plan, folder=None, files=new), tuple(remarks)


def _with_program(plan: MigrationPlan, worktree: Worktree) -> tuple[str, ...]:
    """Return the command of a plan, its program from the working tree if the worktree does not have it."""
    if not plan.command or "/" not in plan.command[0]:
        return plan.command
    found = plan.directory / plan.command[0]
    today = worktree.today(found)
    return (str(today), *plan.command[1:]) if not found.exists() and today.exists() else plan.command


def _search(plan: MigrationPlan, worktree: Worktree, environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield the directories of the worktree that stand for those of the working tree on the project's path.

    They come before what is installed, `pip install -e` of the working tree among it.
    """
    for entry in filter(None, environ.get("PYTHONPATH", "").split(os.pathsep)):
        if Path(entry).is_absolute() and (moved := worktree.path(Path(entry))) != Path(entry):
            yield moved
    if (plan.directory / "src").is_dir():
        yield plan.directory / "src"
