"""The place of a stage on a server that others own: which database it may be, and that it is never production."""

from __future__ import annotations

from dataclasses import dataclass, field

import psycopg
from psycopg import conninfo
from psycopg.rows import class_row

from rehearse.db.connect import database_of, describe, normalise
from rehearse.db.queries import query
from rehearse.db.system import system_identifier
from rehearse.errors import RehearseError, RequestError
from rehearse.model.facts import Facts

MARK = "rehearse: a stage, replaced by the next rehearsal"  # the comment of a database that stays
THROWN_AWAY = "rehearse: a stage, dropped at the end of its rehearsal"
KEPT = "rehearse: a stage, kept"  # how the comment begins of one that stays until it is taken down
_PREFIX = "rehearse_"
_RESERVED = frozenset({"postgres", "template0", "template1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the team has its stage, and what may be done there."""

    url: str = field(repr=False)
    database: str | None = None  # replaced, and stays; None: a new one, dropped at the end
    replace: bool = False  # whatever is in that database, made by rehearse or not
    mark: str = MARK  # the comment it gets if it stays
    wait: bool = False  # for another rehearsal to end
    role: str | None = None  # who is to migrate; None: whoever can
    declared: tuple[str, ...] = field(default=(), repr=False)  # URLs of databases that are something else


class ProductionIsNoStage(RequestError):
    """The stage asked for is production, or a database declared to be something else."""

    def __init__(self, stage: str, why: str) -> None:
        super().__init__(
            f"{stage} is no place for a stage: {why}. Nothing was changed there.",
            "Name a server that holds nothing but stages, or leave the stage out: rehearse then starts its own server.",
        )


class NotOurs(RequestError):
    """The database exists and rehearse did not make it."""

    def __init__(self, database: str, role: str | None = None) -> None:
        hint = "Say --replace if all that is in it may be deleted, or name another database."
        if role is not None:
            hint = f'Give the role "{role}" CREATEDB, and a new database is made; or {hint[0].lower()}{hint[1:]}'
        super().__init__(
            f'The database "{database}" was not made by rehearse: it would be emptied for the stage. Nothing was '
            "changed in it.",
            hint,
        )


class StageKept(RequestError):
    """The database is a stage that somebody keeps for a demo or for tests by hand."""

    def __init__(self, database: str, told: str) -> None:
        super().__init__(
            f'The database "{database}" is a stage that is kept {told}. Nothing was changed in it.',
            "Wait until it is taken down (rehearse stage down NAME, by who keeps it), name another database, or say "
            "--replace.",
        )


class NotKept(RequestError):
    """A database is no longer, or never was, the stage that is to be taken down."""

    def __init__(self, database: str) -> None:
        super().__init__(
            f'The database "{database}" does not carry the mark of the stage that is to be taken down. Nothing was '
            "changed in it.",
            "Somebody replaced it: drop it by hand if it may go. rehearse stage down --forget NAME only forgets it.",
        )


class MayNotCreate(RequestError):
    """The connected role may not make the database asked for."""

    def __init__(self, role: str, database: str) -> None:
        super().__init__(
            f'The role "{role}" may not create the database "{database}" on the stage\'s server.',
            f'Give it CREATEDB, or let the URL name "{database}" itself, which then is emptied.',
        )


class Reserved(RequestError):
    """The database belongs to every server."""

    def __init__(self, database: str) -> None:
        super().__init__(f'"{database}" is a database of every server, not one for a stage.', "Name another one.")


class OtherRole(RequestError):
    """The migration is to run as a role that is not the one connected."""

    def __init__(self, wanted: str, migrator: str) -> None:
        super().__init__(
            f'migrations.role names "{wanted}", and on a server that others own the migration runs as {migrator}.',
            f'Connect to the stage\'s server as "{wanted}", leave migrations.role out, or rehearse on a server of '
            "rehearse's own: --into embedded.",
        )


class IdentityUnknown(RehearseError):
    """It cannot be told whether the stage's server is production's."""

    def __init__(self, server: str, whose: str) -> None:
        super().__init__(
            f"Whether {server} is production's server cannot be established: the system identifier of {whose} is not "
            "known. Nothing was changed there.",
            "Let the role that connects EXECUTE pg_control_system(), as PUBLIC may by default; if the snapshot is an "
            "old one, take a new one.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """What the connected role may do."""

    role: str
    is_superuser: bool
    may_create_databases: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """The database the stage will be."""

    database: str
    in_place: bool  # the URL's own database, emptied; False: one that is created
    kept: bool  # it stays, migrated
    mark: str = MARK  # its comment, if it does


def refuse_declared(connection: psycopg.Connection, place: Place) -> None:
    """Make sure that the place is not declared to be another environment. Raises ProductionIsNoStage."""
    here = {place.database or connection.info.dbname, connection.info.dbname}
    for url in place.declared:
        if _server(url) == _server(place.url) and database_of(url) in here:
            raise ProductionIsNoStage(describe(place.url), f"{describe(url)} is declared to be another environment")


def refuse_production(connection: psycopg.Connection, place: Place, facts: Facts) -> None:
    """Make sure that the server is not production's, by the identifier that standbys and physical copies share.

    Raises ProductionIsNoStage and IdentityUnknown.
    """
    told, ours = describe(place.url), system_identifier(connection)
    if ours is None or facts.system_identifier is None:
        raise IdentityUnknown(told, "production" if facts.system_identifier is None else "the stage's server")
    if ours == facts.system_identifier:
        raise ProductionIsNoStage(told, "its system identifier is production's, so it is that server or a copy of it")


def rights(connection: psycopg.Connection) -> Rights:
    """Return what the connected role may do."""
    with connection.cursor(row_factory=class_row(Rights)) as cursor:
        found = cursor.execute(query("stage/rights").encode()).fetchone()
    assert found is not None
    return found


def refuse_other_role(place: Place, has: Rights) -> None:
    """Make sure that the migration will run as the role it is to run as, if one is named. Raises OtherRole."""
    if place.role is None or (place.role == has.role and not has.is_superuser):
        return
    raise OtherRole(place.role, "a role made for the run" if has.is_superuser else f'"{has.role}", which is connected')


def choose(connection: psycopg.Connection, place: Place, has: Rights, run: str) -> Ground:
    """Choose the database. Raises NotOurs, MayNotCreate and Reserved."""
    own = connection.info.dbname
    if place.database is None and has.may_create_databases:
        return Ground(database=f"{_PREFIX}{run}", in_place=False, kept=False)
    chosen = Ground(database=place.database or own, in_place=place.database in (None, own), kept=True, mark=place.mark)
    if chosen.database in _RESERVED:
        raise Reserved(chosen.database)
    if not chosen.in_place and not has.may_create_databases:
        raise MayNotCreate(has.role, chosen.database)
    row = connection.execute(query("stage/origin"), {"name": chosen.database}).fetchone()
    if row is not None and str(row[0]).startswith(KEPT) and not place.replace:
        raise StageKept(chosen.database, row[0].removeprefix(KEPT).strip())
    if row is not None and row[0] not in (MARK, THROWN_AWAY) and not place.replace:
        raise NotOurs(chosen.database, has.role if place.database is None else None)
    return chosen


def _server(url: str) -> tuple[str, str]:
    parts = conninfo.conninfo_to_dict(normalise(url))
    return str(parts.get("host") or parts.get("hostaddr") or ""), str(parts.get("port") or "5432")
