"""Turn what was asked for, by flags and by rehearse.toml, into a request."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from configparser import Error, RawConfigParser
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from rehearse import releases, runs
from rehearse.checkout import root_of
from rehearse.compare.environments import NothingToRead
from rehearse.config import Configuration, load, parse_duration
from rehearse.config.allowances import allowance
from rehearse.config.base import Base
from rehearse.config.baseline import read_baseline
from rehearse.config.checkout import Checkout
from rehearse.config.errors import NothingToMigrate, UnknownEnvironment
from rehearse.config.fragment import wanted
from rehearse.demands import Demands
from rehearse.errors import RequestError
from rehearse.migrators import remarks, sql
from rehearse.migrators.project import ConfigMissing
from rehearse.migrators.scripts.script import NoScripts, ScriptMissing, text_of
from rehearse.model.declaration import declared
from rehearse.model.migration import MigrationPlan
from rehearse.policies import policy_for
from rehearse.registry import check_names
from rehearse.releases import NotInRelease, Releases
from rehearse.run import Request
from rehearse.sanitise import SanitiseRules
from rehearse.stages import embedded, server
from rehearse.stages.place import Place


class NothingToRehearse(RequestError):
    """Neither the flags nor a configuration say where production is."""

    def __init__(self) -> None:
        super().__init__(
            "There is no production to rehearse for.",
            "Name it with --from postgresql://user@host/database, or write a rehearse.toml with `rehearse init`.",
        )


class NoTarget(RequestError):
    """A revision was named for a tool that has none."""

    def __init__(self, tool: str) -> None:
        super().__init__(f"--to names an Alembic revision, and the tool is {tool!r}.", "Leave --to out.")


class OneMigrator(RequestError):
    """More than one way of migrating was asked for."""

    def __init__(self) -> None:
        super().__init__("--alembic, --sql and --command exclude one another.", "Give one of them.")


class WhichStage(RequestError):
    """Several environments are stages on servers."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(f"Several environments are stages on a server: {', '.join(names)}.", "Name one with --into.")


class NoServer(RequestError):
    """An environment is to be the stage, and is none on a server."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f'The environment "{name}" is no stage on a server: it needs provider = "server" and a url.',
            "Name another one with --into, or give the URL of the server itself.",
        )


class NoProvider(RequestError):
    """An environment names a way to raise a stage that there is not."""

    def __init__(self, name: str, provider: str) -> None:
        super().__init__(
            f'environments.{name}.provider: there is no stage provider "{provider}".', "Known: embedded, server."
        )


class NothingToReplace(RequestError):
    """--replace or --wait was said, and the stage is on a server of rehearse's own."""

    def __init__(self) -> None:
        super().__init__(
            "--replace and --wait are about a stage on a server that others own.",
            'Name it with --into, or write [environments.stage] provider = "server".',
        )


class NotOnSharedServers(RequestError):
    """What only a server of rehearse's own can show was to be rehearsed on one that others use."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what} cannot be rehearsed on a server that others use, too.",
            "Rehearse them on a server of rehearse's own: --into embedded.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The flags of one call; None where a flag was not given."""

    source: str | None = None
    alembic: Path | None = None
    sql: tuple[Path, ...] = ()
    command: str | None = None
    target: str | None = None
    python: Path | None = None
    settings: tuple[str, ...] = ()  # "NAME=VALUE"
    settings_file: Path | None = None
    rows: int | None = None
    max_blocking: str | None = None
    max_seconds: float | None = None
    max_step_seconds: float | None = None
    downgrade: bool | None = None
    calibrate: bool = False
    allow_superuser: tuple[str, ...] = ()
    config: Path | None = None
    into: str | None = None  # an environment, the URL of a server, or "embedded"
    replace: bool = False
    wait: bool = False
    policy_from: str | None = None  # a revision of git
    at: str | None = None  # as above: the code that is rehearsed
    release: str | None = None  # as above: the code that is in production
    still_works: str | None = None  # a command
    migrate: bool = True  # False: nothing is played
    baseline: Path | None = None  # a report in JSON


@contextmanager
def requested(asked: Asked) -> Iterator[Request]:
    """Provide the request, and as long as it lasts the code of the releases that it names.

    Raises RequestError where flags or configuration are wrong, and NoWorktree.
    """
    with releases.provided(asked.at, asked.release, _home(asked)) as code:
        yield request(asked, code)


def request(asked: Asked, code: Releases | None = None) -> Request:
    """Return the request; raises RequestError where flags or configuration are wrong."""
    code = code or Releases()
    configuration = load(asked.config, Path.cwd(), os.environ)
    found = _request(asked, configuration)
    base = None if asked.policy_from is None else Base.of(asked.policy_from, _home(asked))
    policy = policy_for(
        asked.source,
        configuration,
        file=asked.config,
        base=base,
        max_blocking=None if asked.max_blocking is None else parse_duration(asked.max_blocking),
    )
    settings = wanted(asked.settings_file, asked.settings)
    plan = _plan(asked, found.source, configuration, alone=bool(settings), checkout=code.at)
    plan, demands = _demands(asked, found.source, configuration, plan, code)
    into = _into(asked, configuration)
    if into is None and (asked.replace or asked.wait):
        raise NothingToReplace
    if into is not None and (settings or asked.downgrade or asked.calibrate):
        raise NotOnSharedServers("Settings" if settings else "Downgrades" if asked.downgrade else "Calibrations")
    allowed = tuple(map(allowance, asked.allow_superuser)) or configuration.migrations.allow_superuser
    if into is not None and allowed:
        raise NotOnSharedServers("Statements that are allowed a superuser's rights")
    downgrade = configuration.migrations.downgrade if asked.downgrade is None else asked.downgrade
    home = runs.home(configuration.file, Path.cwd())
    return replace(
        found,
        plan=replace(plan, root=root_of(home.parent if code.at is None else code.at.directory)),
        policy=policy,
        base=base,
        baseline=None if asked.baseline is None else read_baseline(asked.baseline),
        settings=settings,
        downgrade=downgrade is not False and into is None,  # it would spend a stage that is to stay
        one_by_one=downgrade is True,
        calibrate=asked.calibrate,
        role=configuration.migrations.role,
        allowed=allowed,
        into=into,
        demands=demands,
        home=home,
    )


def snapshot_request(asked: Asked) -> Request:
    """Return a request that is good for taking a snapshot only."""
    found = _request(asked, load(asked.config, Path.cwd(), os.environ))
    if found.source is None:
        raise RequestError(f"{asked.source} is a snapshot already.", "Name a database to take a snapshot of.")
    return found


def _request(asked: Asked, configuration: Configuration) -> Request:
    source, snapshot = _source(asked, configuration)
    return Request(
        source=source,
        snapshot=snapshot,
        plan=MigrationPlan(tool="", directory=Path.cwd()),
        engine=configuration.engine.use,
        bin_dir=configuration.engine.bin_dir,
        sampling=replace(configuration.snapshot, rows=asked.rows or configuration.snapshot.rows),
        limits=configuration.reading,
        sanitise=_rules(configuration),
    )


def _home(asked: Asked) -> Path:
    """Return a directory of the project's repository."""
    return Path.cwd() if asked.config is None else asked.config.absolute().parent


def _rules(configuration: Configuration) -> SanitiseRules:
    given = configuration.sanitise
    key = given.key.encode() if given.key is not None else None
    return SanitiseRules(unclassified=given.unclassified, columns=given.columns, key=key)


def _source(asked: Asked, configuration: Configuration) -> tuple[str | None, Path | None]:
    """Return a URL or a snapshot directory: what the name means in the configuration, else what it is."""
    name = asked.source or "production"
    if name in configuration.environments:
        environment = configuration.environment(name)
        if environment.url is None and environment.snapshot is None:
            raise NothingToRead(name)
        return environment.url, Path(environment.snapshot) if environment.snapshot else None
    if asked.source is None:
        raise NothingToRehearse
    if "://" in name or "=" in name:
        return name, None
    if os.sep not in name and not Path(name).exists():  # a word: a directory that is meant has a path, or is there
        raise UnknownEnvironment(name, configuration.environments)
    return None, Path(name).absolute()


def _into(asked: Asked, configuration: Configuration) -> Place | None:
    """Return the place of the stage on a server that others own: the one named, else the one configured."""
    name = asked.into or _configured_stage(asked, configuration)
    if name is None or name == embedded.PROVIDER:
        return None
    url, database, but = name, None, None
    if name in configuration.environments:
        stage = configuration.environment(name)
        if stage.url is None or stage.provider != server.PROVIDER:
            raise NoServer(name)
        url, database, but = stage.url, stage.database, name
    elif "=" not in name and "://" not in name:
        raise UnknownEnvironment(name, configuration.environments)
    return Place(
        url=url,
        database=database,
        replace=asked.replace,
        wait=asked.wait,
        role=configuration.migrations.role,
        declared=configuration.known_urls(but=but),
    )


def _configured_stage(asked: Asked, configuration: Configuration) -> str | None:
    """Return the stage from which is promoted to the environment that is rehearsed for, if it is on a server."""
    for name, environment in configuration.environments.items():
        if environment.provider not in (None, embedded.PROVIDER, server.PROVIDER):
            raise NoProvider(name, environment.provider)
    target = asked.source if asked.source in configuration.environments else "production"
    names = [
        name
        for name, environment in configuration.environments.items()
        if environment.provider == server.PROVIDER and environment.promotes_to in (None, target)
    ]
    if len(names) > 1:
        raise WhichStage(names)
    return names[0] if names else None


def _demands(
    asked: Asked, source: str | None, configuration: Configuration, plan: MigrationPlan, code: Releases
) -> tuple[MigrationPlan, Demands]:
    """Return what is asked beside the migration, and of the plan what the release in production leaves of it."""
    if code.base is None:
        return plan, releases.demands(code, configuration, plan, None, asked.still_works)
    told = code.base.base.told
    old = _plan(replace(asked, target=None), source, configuration, alone=plan.tool == "none", checkout=code.base)
    plan, remarks = releases.since(old, plan, told)
    found = releases.demands(code, configuration, plan, old, asked.still_works)
    return plan, replace(found, remarks=(*found.remarks, *remarks))


def _plan(
    asked: Asked, source: str | None, configuration: Configuration, *, alone: bool, checkout: Checkout | None = None
) -> MigrationPlan:
    """Return what is to be played; `alone` says that something is rehearsed even without a migration."""
    if sum((asked.alembic is not None, bool(asked.sql), asked.command is not None)) > 1:
        raise OneMigrator
    try:
        chosen = _chosen(asked, releases.seen_from(checkout, configuration), checkout)
    except NothingToMigrate:
        if not alone and checkout is not None:
            raise NotInRelease(checkout.base.told, Path("alembic.ini")) from None
        if not alone:
            raise
        chosen = MigrationPlan(tool="none", directory=_here(checkout))
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
    plan = releases.settled(plan, checkout)
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


def _chosen(asked: Asked, configuration: Configuration, checkout: Checkout | None) -> MigrationPlan:
    if not asked.migrate:
        return MigrationPlan(tool="none", directory=_here(checkout))
    if asked.alembic is not None:
        path = _placed(asked.alembic, checkout)
        return MigrationPlan(tool="alembic", config=path, directory=_started_in(path, _here(checkout)))
    if asked.sql:
        paths = tuple(_placed(path, checkout) for path in asked.sql)
        return replace(_scripts(paths, configuration), directory=_here(checkout))
    if asked.command is not None:
        return MigrationPlan(tool="command", command=tuple(shlex.split(asked.command)), directory=_here(checkout))
    return configuration.migrations.plan()


def _here(checkout: Checkout | None) -> Path:
    """Return where we were started, in a checkout if one is meant."""
    return Path.cwd() if checkout is None else checkout.path(Path.cwd())


def _placed(path: Path, checkout: Checkout | None) -> Path:
    return path.absolute() if checkout is None else checkout.path(path.absolute())


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
