"""Turn what was asked for, by flags and by rehearse.toml, into a request."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from rehearse import runs
from rehearse.checkout import root_of
from rehearse.checkout.base import Base
from rehearse.compare.environments import NothingToRead
from rehearse.config import Configuration, load, parse_duration
from rehearse.config.allowances import allowance
from rehearse.config.baseline import read_baseline
from rehearse.config.errors import UnknownEnvironment
from rehearse.config.fragment import wanted
from rehearse.errors import RequestError
from rehearse.model.migration import MigrationPlan
from rehearse.releases.code import Releases, provided, since
from rehearse.request.asked import Asked
from rehearse.request.demands import Demands, demanded
from rehearse.request.place import place_of_stage
from rehearse.request.plan import planned
from rehearse.request.policy import policy_for
from rehearse.request.request import Request
from rehearse.sanitise import SanitiseRules


class NothingToRehearse(RequestError):
    """Neither the flags nor a configuration say where production is."""

    def __init__(self) -> None:
        super().__init__(
            "There is no production to rehearse for.",
            "Name it with --from postgresql://user@host/database, or write a rehearse.toml with `rehearse init`.",
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


@contextmanager
def requested(asked: Asked) -> Iterator[Request]:
    """Provide the request, and as long as it lasts the code of the releases that it names.

    Raises RequestError where flags or configuration are wrong, and NoWorktree.
    """
    with provided(asked.at, asked.release, _home(asked)) as code:
        yield compose(asked, code)


def compose(asked: Asked, code: Releases | None = None) -> Request:
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
    settings = wanted(asked.settings_file, asked.settings or ())
    plan = planned(asked, found.source, configuration, alone=bool(settings), worktree=code.at)
    plan, demands = _demands(asked, found.source, configuration, plan, code)
    into = place_of_stage(asked, configuration)
    if into is None and (asked.replace or asked.wait):
        raise NothingToReplace
    if into is not None and (settings or asked.downgrade or asked.calibrate):
        raise NotOnSharedServers("Settings" if settings else "Downgrades" if asked.downgrade else "Calibrations")
    allowed = tuple(map(allowance, asked.allow_superuser or ())) or configuration.migrations.allow_superuser
    if into is not None and allowed:
        raise NotOnSharedServers("Statements that are allowed a superuser's rights")
    downgrade = configuration.migrations.downgrade if asked.downgrade is None else asked.downgrade
    home = runs.home(configuration.file, Path.cwd())
    return replace(
        found,
        plan=replace(plan, root=root_of(home.parent if code.at is None else code.at.directory)),
        policy=policy,
        code=code.at,
        base=base if base is None or code.at is None else replace(base, worktree=code.at.directory),
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


def _demands(
    asked: Asked, source: str | None, configuration: Configuration, plan: MigrationPlan, code: Releases
) -> tuple[MigrationPlan, Demands]:
    """Return what is asked beside the migration, and of the plan what the release in production leaves of it."""
    if code.base is None:
        return plan, demanded(code, configuration, plan, None, asked.still_works)
    told = code.base.base.told
    old = planned(replace(asked, target=None), source, configuration, alone=plan.tool == "none", worktree=code.base)
    plan, remarks = since(old, plan, told)
    found = demanded(code, configuration, plan, old, asked.still_works)
    return plan, replace(found, remarks=(*found.remarks, *remarks))
