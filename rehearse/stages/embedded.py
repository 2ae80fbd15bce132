"""The stage on a server of our own: raised from a snapshot, thrown away afterwards."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from rehearse.db.connect import connect_stage
from rehearse.db.said import said
from rehearse.engine import binaries, seclusion, server
from rehearse.engine.server import Server
from rehearse.model.facts import Facts
from rehearse.model.quantity import count
from rehearse.model.snapshot import Snapshot
from rehearse.model.stage import Stage, StageAddress
from rehearse.protocols import Progress
from rehearse.stages import (
    allowance,
    closing,
    database,
    extensions,
    migrating_role,
    namesake,
    original,
    roles,
    settings,
    tablespaces,
)
from rehearse.stages.database import Properties
from rehearse.stages.deviation import Deviation
from rehearse.stages.errors import StageFailed

PROVIDER = "embedded"
_ORIGINAL = "rehearse_before"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedStage:
    """A stage that stands, beside the original it is a clone of."""

    stage: Stage
    facts: Facts
    properties: Properties
    admin: str  # conninfo of a database of the server that is neither stage nor original
    role_names: frozenset[str]

    @property
    def before(self) -> str:
        """Return the conninfo of the original, which no migration touches; be gone from it before `reset`."""
        return make_conninfo(self.admin, dbname=_original_name(self.facts))

    def reset(self) -> None:
        """Put the stage back to what it was before any migration ran, whoever is connected to it."""
        with connect_stage(self.admin) as connection:
            database.drop(connection, self.facts.database)
            roles.drop_others(connection, self.role_names)
            roles.reset_settings(connection, self.facts)
            database.clone(connection, _original_name(self.facts), self.facts, self.properties)

    def settle(self) -> None:
        """Drop the original: the stage is not to be put back any more."""
        with connect_stage(self.admin) as connection:
            database.drop(connection, _original_name(self.facts))


@contextmanager
def raise_stage(
    snapshot: Snapshot,
    progress: Progress,
    *,
    use: str = "auto",
    bin_dir: Path | None = None,
    migrating_role: str | None = None,
    changed: Mapping[str, str] | None = None,
    allowed: tuple[str, ...] = (),
    serve: Callable[..., AbstractContextManager[Server]] = server.secluded,
) -> Iterator[EmbeddedStage]:
    """Raise a stage from a snapshot on a server of its own; leaving the context removes both, if `serve` does.

    `changed` are settings the server is known to accept: it has them in place of production's once all is restored.
    `allowed` are the statements for which the migrating role has a superuser's rights.

    Raises StageFailed and RowsMissing where the snapshot cannot be restored, UnknownMigratingRole for a role
    production does not have, and what the engine raises.
    """
    choice = binaries.resolve(snapshot.facts.server_major, use=use, bin_dir=bin_dir)
    progress(f"starting PostgreSQL {choice.binaries.version}")
    new = changed or {}
    with serve(choice.binaries, settings=settings.at_start({**snapshot.facts.settings, **new})) as running:
        try:
            raised = _raise(snapshot, running, migrating_role, allowed, progress)
            _change(raised, new)
        except psycopg.Error as error:
            raise StageFailed("its server refused a command.", said(error).splitlines()) from error
        yield raised


def _raise(
    snapshot: Snapshot, running: Server, asked_role: str | None, allowed: tuple[str, ...], progress: Progress
) -> EmbeddedStage:
    facts, name = namesake.renamed(snapshot.facts), _original_name(snapshot.facts)
    with namesake.given_way(running, snapshot.facts) as user:
        found = _restore(snapshot, running, user, progress)
    admin = running.dsn(_admin_database(facts))
    with connect_stage(admin) as connection:
        with connect_stage(running.dsn(name)) as inside:
            owners = original.owners(inside)
            asked_role = namesake.name_of(snapshot.facts) if asked_role == roles.SUPERUSER else asked_role
            chosen = migrating_role.choose(facts, owners, asked_role)
            found += migrating_role.admit(connection, chosen, facts, owners)
            found += migrating_role.grant_create(inside, chosen)
            found += allowance.grant(inside, chosen.name, allowed)
        progress("cloning the stage")
        properties = Properties(
            settings=facts.database_settings,
            comment=original.read_dump(snapshot, _bin_dirs(running)).database_comment,
            token=secrets.token_hex(16),
            migrating=chosen,
        )
        database.drop(connection, facts.database)
        found += database.clone(connection, name, facts, properties)
        stage = _stage(connection, running, facts, properties, found)
        closing.close(connection, running, facts.database)
        return EmbeddedStage(
            stage=replace(stage, allowed=allowed),
            facts=facts,
            properties=properties,
            admin=admin,
            role_names=roles.names(connection),
        )


def _change(raised: EmbeddedStage, new: Mapping[str, str]) -> None:
    later = {name: text for name, text in new.items() if name not in settings.at_start(new)}
    with connect_stage(raised.admin) as connection:
        settings.change(connection, later, raised.admin)


def _restore(snapshot: Snapshot, running: Server, user: str, progress: Progress) -> tuple[Deviation, ...]:
    """Restore the roles and the original database, connected as the superuser of this name."""
    facts, name = snapshot.facts, _original_name(snapshot.facts)
    admin, dsn = running.dsn(_admin_database(facts), user=user), running.dsn(name, user=user)
    with connect_stage(admin) as connection:
        found = _set_up(connection, facts, running, admin)
        found += database.create_original(connection, facts, name)
        with connect_stage(dsn) as inside:
            found += original.restore(inside, snapshot, original.read_dump(snapshot, _bin_dirs(running)), dsn, progress)
        roles.demote(connection, facts)
        return (*found, *database.grant_as_production(connection, facts, name))


def _set_up(connection: psycopg.Connection, facts: Facts, running: Server, admin: str) -> tuple[Deviation, ...]:
    path, found = extensions.stand_in(connection, facts, running.root / "stand-ins")
    found += settings.apply_to_server(connection, facts.settings, extension_path=path)
    settings.reload(connection, admin)
    found += (*namesake.deviations(facts), *roles.create(connection, facts), *tablespaces.create(connection, facts))
    return (*_version_gap(facts, running), *_open_ways(running), *_large_objects(facts), *found)


def _open_ways(running: Server) -> tuple[Deviation, ...]:
    """Say what the kernel refused, so that SQL might connect from inside the server to another."""
    missing = [layer for layer in seclusion.LAYERS if layer not in running.layers]
    if not missing:
        return ()
    sentence = (
        f"The kernel granted no {' and no '.join(missing)} for the stage's server: whatever SQL opens from inside it "
        "(dblink, foreign tables, subscriptions) is not held back."
    )
    return (Deviation(sentence=sentence),)


def _large_objects(facts: Facts) -> tuple[Deviation, ...]:
    if not facts.large_objects:
        return ()
    number = count(facts.large_objects)
    return (Deviation(sentence=f"The stage does without production's large objects, {number} of them."),)


def _version_gap(facts: Facts, running: Server) -> tuple[Deviation, ...]:
    if running.binaries.major == facts.server_major:
        return ()
    return (
        Deviation(sentence=f"The stage runs PostgreSQL {running.binaries.major}, production {facts.server_major}."),
    )


def _stage(
    connection: psycopg.Connection,
    running: Server,
    facts: Facts,
    properties: Properties,
    found: tuple[Deviation, ...],
) -> Stage:
    touched = {identity for deviation in found for identity in deviation.touched}
    return Stage(
        provider=PROVIDER,
        address=StageAddress(
            socket_dir=running.socket_dir,
            port=running.port,
            database=facts.database,
            user=properties.migrating.name,
            token=properties.token,
        ),
        admin=running.dsn(facts.database),
        log_file=running.log_file,
        server_version_num=connection.info.server_version,
        server_version=connection.info.parameter_status("server_version") or running.binaries.version,
        deviations=tuple(dict.fromkeys(deviation.sentence for deviation in found)),
        touched=tuple(sorted(touched)),
        superuser_in_production=properties.migrating.may_in_production(facts),
        isolation=("secluded server",) if set(seclusion.LAYERS) <= set(running.layers) else (),
    )


def _original_name(facts: Facts) -> str:
    return _ORIGINAL if facts.database != _ORIGINAL else f"{_ORIGINAL}_"


def _admin_database(facts: Facts) -> str:
    """Return a database of every server that is neither stage nor original."""
    return "postgres" if facts.database == "template1" else "template1"


def _bin_dirs(running: Server) -> tuple[Path, ...]:
    """Return where to look for a pg_restore: the stage's own first, then the newest."""
    newest_first = sorted(binaries.find_all(), key=lambda found: -found.major)
    return (running.binaries.bin_dir, *(found.bin_dir for found in newest_first))
