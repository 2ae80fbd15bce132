"""What is to be played: the migrations that the flags name, else those of rehearse.toml."""

from __future__ import annotations

import shlex
from configparser import Error, RawConfigParser
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from rehearse.checkout.worktree import Worktree
from rehearse.config import Configuration
from rehearse.config.errors import NothingToMigrate
from rehearse.errors import RequestError
from rehearse.migrators import remarks, sql
from rehearse.migrators.project import ConfigMissing
from rehearse.migrators.scripts.script import NoScripts, ScriptMissing, text_of
from rehearse.model.declaration import declared
from rehearse.model.migration import MigrationPlan
from rehearse.registry import check_names
from rehearse.releases.code import NotInRelease, seen_from, settled
from rehearse.request.asked import Asked


class NoTarget(RequestError):
    """A revision was named for a tool that has none."""

    def __init__(self, tool: str) -> None:
        super().__init__(f"--to names an Alembic revision, and the tool is {tool!r}.", "Leave --to out.")


class OneMigrator(RequestError):
    """More than one way of migrating was asked for."""

    def __init__(self) -> None:
        super().__init__("--alembic, --sql and --command exclude one another.", "Give one of them.")


def planned(
    asked: Asked, source: str | None, configuration: Configuration, *, alone: bool, worktree: Worktree | None = None
) -> MigrationPlan:
    """Return what is to be played; `alone` says that something is rehearsed even without a migration."""
    if sum((asked.alembic is not None, bool(asked.sql), asked.command is not None)) > 1:
        raise OneMigrator
    try:
        chosen = _chosen(asked, seen_from(worktree, configuration), worktree)
    except NothingToMigrate:
        if not alone and worktree is not None:
            raise NotInRelease(worktree.base.told, Path("alembic.ini")) from None
        if not alone:
            raise
        chosen = MigrationPlan(tool="none", directory=_here(worktree))
    if asked.target is not None and chosen.tool != "alembic":
        raise NoTarget(chosen.tool)
    plan = replace(
        chosen,
        target=asked.target,
        python=(asked.python or configuration.migrations.python),
        env=configuration.migrations.env,
        declared=(*configuration.known_urls(), *((source,) if source else ())),
        max_seconds=_limit(asked.max_seconds, configuration.migrations.max_seconds),
        max_step_seconds=_limit(asked.max_step_seconds, configuration.migrations.max_step_seconds),
    )
    plan = settled(plan, worktree)
    _check_files(plan)
    return plan


def _limit(asked: float | None, configured: timedelta) -> timedelta:
    return configured if asked is None else timedelta(seconds=asked)


def _check_files(plan: MigrationPlan) -> None:
    """Refuse a plan whose files are not there or say what cannot be heeded, before production is read for it."""
    if plan.config is not None and not plan.config.is_file():
        raise ConfigMissing(plan.config)
    for path in plan.files:
        if not path.is_file():
            raise ScriptMissing(path)
        declared({path.name: remarks.of_sql(text_of(path), path, sql.source_of(path, plan))}, check_names())
    if plan.folder is not None and not any(plan.folder.rglob("*.sql")):
        raise NoScripts(plan.folder)


def _chosen(asked: Asked, configuration: Configuration, worktree: Worktree | None) -> MigrationPlan:
    if not asked.migrate:
        return MigrationPlan(tool="none", directory=_here(worktree))
    if asked.alembic is not None:
        path = _placed(asked.alembic, worktree)
        return MigrationPlan(tool="alembic", config=path, directory=_started_in(path, _here(worktree)))
    if asked.sql:
        paths = tuple(_placed(path, worktree) for path in asked.sql)
        return replace(_scripts(paths, configuration), directory=_here(worktree))
    if asked.command is not None:
        return MigrationPlan(tool="command", command=tuple(shlex.split(asked.command)), directory=_here(worktree))
    return configuration.migrations.plan()


def _here(worktree: Worktree | None) -> Path:
    """Return where we were started, in a worktree if one is meant."""
    return Path.cwd() if worktree is None else worktree.path(Path.cwd())


def _placed(path: Path, worktree: Worktree | None) -> Path:
    return path.absolute() if worktree is None else worktree.path(path.absolute())


def _scripts(paths: tuple[Path, ...], configuration: Configuration) -> MigrationPlan:
    """Return the plan for SQL files, all of them played, or for one folder, of which the pending ones are."""
    folder = paths[0].absolute() if len(paths) == 1 and paths[0].is_dir() else None
    return MigrationPlan(
        tool="sql",
        folder=folder,
        files=() if folder else tuple(path.absolute() for path in paths),
        single_transaction=configuration.migrations.single_transaction,
        directory=Path.cwd(),
    )


def _started_in(config: Path, here: Path) -> Path:
    """Return where alembic is started: beside its configuration, unless its scripts are only found from here."""
    parser = RawConfigParser(strict=False)
    try:
        parser.read_string(config.read_text(encoding="utf-8"))
    except (Error, OSError, UnicodeDecodeError):
        return config.parent  # alembic itself will say what is wrong with it
    scripts = parser.get("alembic", "script_location", fallback="")
    found_here = scripts and (here / scripts).is_dir() and not (config.parent / scripts).is_dir()
    return here if found_here else config.parent
