"""Stages for people: raised from masked data, migrated, and left standing for a demo or for tests by hand."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from rehearse import registry
from rehearse.config import Configuration
from rehearse.db.addresses import beside, password_of, url_beside, without_password
from rehearse.db.connect import describe
from rehearse.engine import server as engine
from rehearse.engine.binaries import Binaries, client_environment, client_tools
from rehearse.engine.interrupts import held_back
from rehearse.engine.server import Server
from rehearse.engine.variables import of_libpq
from rehearse.errors import RehearseError
from rehearse.model.migration import Migration
from rehearse.model.setting import Trial
from rehearse.model.snapshot import Snapshot
from rehearse.protocols import Progress, RaisedStage
from rehearse.rehearsal.clock import Clock
from rehearse.rehearsal.groundwork import given_or_taken, raised_for
from rehearse.request.request import Request
from rehearse.stages import embedded, kept, server
from rehearse.stages.kept import KeptStage
from rehearse.stages.place import KEPT, Place

_LASTING = {"autovacuum": "on"}  # people write to it


class MigrationFailed(RehearseError):
    """The pending migrations did not end well on a stage that was to be shown."""

    def __init__(self, migration: Migration) -> None:
        failed = next(iter(migration.failed), None)
        last = migration.output_tail.strip().rpartition("\n")[2]
        said = f"step {failed.id}: {failed.error}" if failed else last or f"status {migration.exit_status}"
        if migration.stopped is not None:
            said = migration.stopped.told
        super().__init__(
            f"The migrations did not end well on the stage ({said.rstrip('.')}); it was taken down.",
            "`rehearse run` says why; --no-migrate raises the stage as production is.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A stage that somebody wants to have."""

    request: Request
    migrate: bool = True
    name: str | None = None  # None: after its database
    lasts: timedelta | None = None  # None: until it is taken down


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """How a stage that stands is reached."""

    url: str
    steps: int | None  # that were played
    version: str
    source: str
    deviations: tuple[str, ...]


@contextmanager
def shown(wish: Wish, progress: Progress) -> Iterator[Shown]:
    """Raise a stage that stands until the context is left.

    Raises what `rehearsal.story.rehearse` raises, and MigrationFailed.
    """
    request = wish.request
    if request.into is not None:
        server.examine(request.into)
    with given_or_taken(request, Clock(), progress) as snapshot:
        progress("raising the stage")
        with raised_for(request, snapshot, Trial(), progress) as raised:
            yield _migrated(wish, raised, snapshot, progress)


def keep(wish: Wish, progress: Progress) -> KeptStage:
    """Raise a stage that goes on when we end.

    Raises as `shown` does, and NameTaken.
    """
    request = wish.request
    if wish.name is not None:
        kept.refuse_taken(wish.name)
    if request.into is not None:
        server.examine(request.into)
    begun = None
    with given_or_taken(request, Clock(), progress) as snapshot:
        try:
            with held_back():
                begun = kept.begin(_wanted(wish, snapshot, datetime.now(UTC)))
            progress("raising the stage")
            done = _kept(wish, begun, snapshot, progress)
            kept.finish(done)
        except BaseException:
            if begun is not None:
                with held_back():
                    kept.forget(begun)
            raise
    return done


def take_down(stage: KeptStage, configuration: Configuration, progress: Progress) -> None:
    """Remove what was made for a stage, its record last. Raises what `server.take_down` raises."""
    if stage.provider == server.PROVIDER:
        server.take_down(_place(stage, configuration), progress)
    kept.forget(stage)


def remove_expired(configuration: Configuration, progress: Progress) -> tuple[KeptStage, ...]:
    """Take down what was to stand until now only, and return it; what cannot be reached stays listed."""
    removed = []
    for stage in kept.all_kept():
        if stage.is_expired:
            with suppress(RehearseError):
                take_down(stage, configuration, progress)
                removed.append(stage)
    return tuple(removed)


def dsn(stage: KeptStage, configuration: Configuration) -> str:
    """Return what leads to a stage, with the password that the configuration has for its server."""
    if stage.provider == embedded.PROVIDER:
        return stage.url
    where = _place(stage, configuration)
    return beside(where.url, stage.database)


def shell(stage: KeptStage, configuration: Configuration) -> tuple[Path, tuple[str, ...], dict[str, str]]:
    """Return the psql for a stage, its arguments and its environment; a password is in the latter only."""
    address = dsn(stage, configuration)
    password = password_of(address)
    secret = {} if password is None else {"PGPASSWORD": password}
    binaries = client_tools(int(stage.version.partition(".")[0] or 0))
    told = of_libpq() - ({"PGPASSFILE", "PGPASSWORD"} if stage.provider == server.PROVIDER else set())
    environment = {name: value for name, value in os.environ.items() if name not in told}
    return (
        binaries.bin_dir / "psql",
        (without_password(address),),
        {**environment, **client_environment(binaries), **secret},
    )


def _wanted(wish: Wish, snapshot: Snapshot, now: datetime) -> KeptStage:
    request = wish.request
    return KeptStage(
        name=wish.name or kept.free_name(snapshot.facts.database),
        provider=embedded.PROVIDER if request.into is None else server.PROVIDER,
        source=_source(request, snapshot),
        database=snapshot.facts.database,
        made_at=now,
        who=f"{getpass.getuser()}@{socket.gethostname()}",
        until=None if wish.lasts is None else now + wish.lasts,
        into=None if request.into is None else without_password(request.into.url),
    )


def _kept(wish: Wish, begun: KeptStage, snapshot: Snapshot, progress: Progress) -> KeptStage:
    request = wish.request
    if request.into is not None:
        return _kept_on_server(wish, begun, request.into, snapshot, progress)
    serve = partial(_lasting, root=begun.root)
    with embedded.raise_stage(
        snapshot,
        progress,
        use=request.engine,
        bin_dir=request.bin_dir,
        migrating_role=request.role,
        allowed=request.allowed,
        serve=serve,
    ) as raised:
        told = _migrated(wish, raised, snapshot, progress)
        raised.settle()
        return replace(begun, url=told.url, version=told.version, steps=told.steps)


def _kept_on_server(wish: Wish, begun: KeptStage, into: Place, snapshot: Snapshot, progress: Progress) -> KeptStage:
    mark = _mark(begun)
    where = replace(into, database=into.database or f"rehearse_{begun.name.replace('-', '_')}", mark=mark)
    assert where.database is not None
    named = replace(begun, database=where.database)
    with server.raise_stage(snapshot, progress, where=where) as raised:
        told = _migrated(wish, raised, snapshot, progress)
        server.settle(where, raised.stage.session_settings)
    return replace(named, url=url_beside(where.url, where.database), version=told.version, steps=told.steps)


def _migrated(wish: Wish, raised: RaisedStage, snapshot: Snapshot, progress: Progress) -> Shown:
    """Play what is pending, if it is to be played, and say how the stage is reached."""
    stage, steps = raised.stage, None
    if wish.migrate:
        progress("playing the pending steps")
        migration = registry.migrator(wish.request.plan.tool).play(wish.request.plan, stage)
        if migration.exit_status or migration.stopped is not None or migration.failed:
            raise MigrationFailed(migration)
        steps = len(migration.steps)
    return Shown(
        url=stage.address.url,
        steps=steps,
        version=stage.server_version,
        source=_source(wish.request, snapshot),
        deviations=stage.deviations,
    )


def _source(request: Request, snapshot: Snapshot) -> str:
    return describe(request.source) if request.source else snapshot.manifest.source


def _mark(stage: KeptStage) -> str:
    """Return the comment of a kept stage's database: who keeps it, and under which name."""
    return f"{KEPT} as {stage.name} by {stage.who} since {stage.made_at:%Y-%m-%d %H:%M:%S} UTC"


def _place(stage: KeptStage, configuration: Configuration) -> Place:
    """Return where a stage on a server of others is; its password, if it needs one, from the configuration."""
    known = (url for url in configuration.known_urls() if without_password(url) == stage.into)
    return Place(url=next(known, stage.into or ""), database=stage.database, mark=_mark(stage))


@contextmanager
def _lasting(binaries: Binaries, *, root: Path, settings: Mapping[str, str]) -> Iterator[Server]:
    with engine.lasting(binaries, root=root, settings={**settings, **_LASTING}) as running:
        yield running
