"""The stage on a server the team already has: a database of it, reached through a door that leads nowhere else."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace

import psycopg
from psycopg import sql

from rehearse.db.connect import connect_stage, describe, normalise, redact, startup_options
from rehearse.db.errors import refusal
from rehearse.db.queries import query
from rehearse.db.said import said
from rehearse.engine.interrupts import held_back
from rehearse.model.facts import Facts
from rehearse.model.quantity import count
from rehearse.model.snapshot import Snapshot
from rehearse.model.stage import Stage, StageAddress
from rehearse.protocols import Progress
from rehearse.stages import database, door, migrating_role, place, roles, settings, turn
from rehearse.stages.database import TOKEN
from rehearse.stages.deviation import Deviation
from rehearse.stages.door import Door
from rehearse.stages.errors import StageFailed
from rehearse.stages.hearing import TALKATIVE, Hearing
from rehearse.stages.place import THROWN_AWAY, NotKept, Place
from rehearse.stages.site import Site, abandon, empty_in_place, make, occupied, put_away, renew, restore

PROVIDER = "server"
_OUTREACHING = ("dblink", "http", "pg_net")  # extensions that connect to elsewhere, beside wrappers of foreign data
# So that the counters tell all that was read: a parallel worker's reading is not its leader's.
_WATCHED = {"max_parallel_workers_per_gather": "0", "max_parallel_maintenance_workers": "0"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerStage:
    """A stage that stands on a server of others."""

    stage: Stage
    before: str | None  # conninfo of the database the stage was cloned from; None: there is none, it was emptied
    _renew: Callable[[], object]

    def reset(self) -> None:
        """Put the stage back to what it was before any migration ran."""
        self._renew()


@contextmanager
def raise_stage(snapshot: Snapshot, progress: Progress, *, where: Place) -> Iterator[ServerStage]:
    """Raise a stage in a database of a server that others own; leaving the context puts away what does not stay.

    Raises what `place` and `turn` raise, SourceUnreachable, StageFailed and RowsMissing.
    """
    run = secrets.token_hex(4)
    with _connected(where) as admin, ExitStack() as undone:
        place.refuse_declared(admin, where)
        place.refuse_production(admin, where, snapshot.facts)
        has = place.rights(admin)
        place.refuse_other_role(where, has)
        undone.enter_context(turn.taken(admin, progress, wait=where.wait))
        ground = place.choose(admin, where, has, run)
        try:
            _clear_leftovers(admin)
            site = undone.enter_context(occupied(admin, has, ground, run))
            raised = undone.enter_context(_raised(snapshot, progress, where, site, f"rehearse_{run}_before"))
        except psycopg.Error as error:
            raise StageFailed("its server refused a command.", said(error).splitlines(), "") from error
        yield raised


def examine(where: Place) -> None:
    """Make sure, before production is read, that a stage could be raised there, as far as can be told by then.

    Raises what `place` raises, and SourceUnreachable.
    """
    with _connected(where) as admin:
        place.refuse_declared(admin, where)
        has = place.rights(admin)
        place.refuse_other_role(where, has)
        place.choose(admin, where, has, run="")


def settle(where: Place, settings: Mapping[str, str]) -> None:
    """Give the database of a stage that is kept the settings its sessions began with."""
    assert where.database is not None
    with _connected(where) as admin:
        for name, value in settings.items():
            change = sql.SQL("ALTER DATABASE {} SET {} = {}")
            admin.execute(change.format(sql.Identifier(where.database), sql.Identifier(name), sql.Literal(value)))


def take_down(where: Place, progress: Progress) -> bool:
    """Drop the database of a stage that was kept, by its mark; False where there is none any more.

    Raises SourceUnreachable, StageTaken, StageFailed and NotKept.
    """
    assert where.database is not None
    with _connected(where) as admin, turn.taken(admin, progress, wait=where.wait):
        row = admin.execute(query("stage/origin"), {"name": where.database}).fetchone()
        if row is None:
            return False
        if row[0] != where.mark:
            raise NotKept(where.database)
        try:
            if admin.info.dbname == where.database:
                empty_in_place(admin, where.database)
            else:
                database.drop(admin, where.database)
        except psycopg.Error as error:
            raise StageFailed("its server refused to drop it.", said(error).splitlines(), "") from error
        return True


@contextmanager
def _connected(where: Place) -> Iterator[psycopg.Connection]:
    try:
        connection = connect_stage(normalise(where.url))
    except psycopg.Error as error:
        raise refusal(describe(where.url), redact(str(error).strip(), where.url)) from None
    with connection:
        yield connection


def _clear_leftovers(admin: psycopg.Connection) -> None:
    """Drop what killed rehearsals left, as far as nobody uses it: the turn is ours, so it is no rehearsal's."""
    for kind, name in admin.execute(query("stage/leftovers"), {"mark": THROWN_AWAY}).fetchall():
        with suppress(psycopg.Error):
            admin.execute(sql.SQL("DROP {} {}").format(sql.SQL(kind), sql.Identifier(name)))


@contextmanager
def _raised(
    snapshot: Snapshot, progress: Progress, where: Place, site: Site, original_name: str
) -> Iterator[ServerStage]:
    facts, stage_name = snapshot.facts, site.ground.database
    restored_in = stage_name if site.ground.in_place else original_name
    try:
        found = make(site, facts, restored_in)
        with door.opened(site.upstream(restored_in), startup_options(where.url, {})) as way:
            found += restore(snapshot, way, progress)
            given, refused = _session_settings(way, facts)
        found += (*refused, *_differences(site, facts, where))
        renew(site, snapshot, restored_in, progress, first=True)
        with ExitStack() as doors:
            token = secrets.token_hex(16)
            log = _log(site)
            hearing = Hearing() if log is None else None
            wanted = {**given, **_WATCHED, **(TALKATIVE if hearing else {}), TOKEN: token}
            options = startup_options(where.url, wanted)
            way = doors.enter_context(door.opened(site.upstream(stage_name), options, hearing))
            admin = doors.enter_context(door.opened(site.admin_upstream(stage_name), ""))
            before = None
            if not site.ground.in_place:
                before = doors.enter_context(door.opened(site.upstream(original_name), "")).dsn
            yield ServerStage(
                stage=replace(_stage(site, way, admin, token, found), log_on_server=log, session_settings=given),
                before=before,
                _renew=lambda: renew(site, snapshot, restored_in, progress, first=False),
            )
    except BaseException:
        with held_back(), suppress(psycopg.OperationalError):  # the server is gone: the next rehearsal clears up
            abandon(site)
        raise
    finally:
        with held_back(), suppress(psycopg.OperationalError):  # as above
            put_away(site, original_name)


def _session_settings(way: Door, facts: Facts) -> tuple[Mapping[str, str], tuple[Deviation, ...]]:
    """Return production's settings that a session of the migrating role can begin with, and those it cannot."""
    with connect_stage(way.dsn) as inside:
        chosen = migrating_role.choose(facts, {})
        theirs = next((role for role in facts.roles if role.name == chosen.name), None)
        wanted = {
            **settings.of_outcome(facts.settings),
            **facts.database_settings,
            **({**theirs.settings, **theirs.database_settings} if theirs else {}),
        }
        if "search_path" in wanted:  # "$user" would be another role here
            wanted["search_path"] = wanted["search_path"].replace('"$user"', sql.Identifier(chosen.name).as_string())
        return settings.of_a_session(inside, wanted)


def _differences(site: Site, facts: Facts, where: Place) -> tuple[Deviation, ...]:
    """Say in what a stage on such a server is no twin of production."""
    version = site.admin.info.server_version // 10000
    here = roles.names(site.admin)
    absent = tuple(sorted(role.name for role in facts.roles if role.name not in here))
    found = [
        Deviation(
            sentence=f"The stage is the database {site.ground.database} of a server that is not rehearse's own "
            f"({describe(where.url)}): settings that a session cannot set are that server's.",
        ),
        Deviation(
            sentence=f'Everything on the stage belongs to "{site.migrator}", as which the migration runs; '
            "production's owners and grants are not there.",
        ),
    ]
    if version != facts.server_major:
        found.append(Deviation(sentence=f"The stage runs PostgreSQL {version}, production {facts.server_major}."))
    if absent:
        sentence = f"The stage's server does not have production's roles {', '.join(absent)}."
        found.append(Deviation(sentence=sentence, touched=absent))
    outward = [found.name for found in facts.extensions if found.name.endswith("_fdw") or found.name in _OUTREACHING]
    if outward:
        found.append(
            Deviation(
                sentence=f"What SQL has the stage's server connect to ({', '.join(sorted(outward))}) is not held back: "
                "the server is not rehearse's own."
            )
        )
    if facts.tablespaces:
        found.append(Deviation(sentence="Everything on the stage lies in its database's tablespace."))
    if facts.large_objects:
        number = count(facts.large_objects)
        found.append(Deviation(sentence=f"The stage does without production's large objects, {number} of them."))
    return tuple(found)


def _stage(site: Site, way: Door, admin: Door, token: str, found: tuple[Deviation, ...]) -> Stage:
    return Stage(
        provider=PROVIDER,
        address=StageAddress(
            socket_dir=way.socket_dir,
            port=way.port,
            database=way.upstream.database,
            user=site.migrator,
            token=token,
        ),
        admin=admin.dsn,
        log_file=None,
        server_version_num=site.admin.info.server_version,
        server_version=site.admin.info.parameter_status("server_version") or "",
        deviations=tuple(dict.fromkeys(deviation.sentence for deviation in found)),
        touched=tuple(sorted({identity for deviation in found for identity in deviation.touched})),
        conversations=None if way.hearing is None else way.hearing.conversations,
    )


def _log(site: Site) -> str | None:
    """Return where the server keeps its log, if this role may read it and event triggers may be made."""
    if not site.has.is_superuser:
        return None
    row = site.admin.execute(query("stage/json_log").encode()).fetchone()
    return str(row[0]) if row else None
