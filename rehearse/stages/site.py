"""The site of a stage on a server of others: its databases, and the role that owns them for as long as it works."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from rehearse.db.connect import connect_stage
from rehearse.db.queries import query
from rehearse.engine import binaries
from rehearse.engine.interrupts import held_back
from rehearse.model.facts import Facts
from rehearse.model.snapshot import Snapshot
from rehearse.protocols import Progress
from rehearse.stages import database, door, original, toc
from rehearse.stages.deviation import Deviation
from rehearse.stages.door import Door
from rehearse.stages.dump import Dump
from rehearse.stages.place import MARK, THROWN_AWAY, Ground, Rights
from rehearse.stages.upstream import Upstream

_OF_OTHERS = ("ACL", "DEFAULT ACL", "EVENT TRIGGER")  # restored by nobody but superusers, or for roles that are absent


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The server while a stage is raised on it."""

    admin: psycopg.Connection  # as the connected role; it holds the turn
    has: Rights
    ground: Ground
    migrator: str  # role that owns the stage and migrates
    password: str

    def upstream(self, name: str) -> Upstream:
        return Upstream.of(self.admin, database=name, user=self.migrator, password=self.password)

    def admin_upstream(self, name: str) -> Upstream:
        return Upstream.of(self.admin, database=name, user=self.has.role, password=self.admin.info.password)


@contextmanager
def occupied(admin: psycopg.Connection, has: Rights, ground: Ground, run: str) -> Iterator[Site]:
    """Provide the role that migrates: the connected one, in place of a superuser one that is made and dropped."""
    if not has.is_superuser:
        yield Site(admin=admin, has=has, ground=ground, migrator=has.role, password=admin.info.password)
        return
    name, password = f"rehearse_{run}", secrets.token_urlsafe(24)
    role = sql.Identifier(name)
    try:
        # what the server may log is no password
        verifier = admin.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER PASSWORD {}").format(role, verifier))
        admin.execute(sql.SQL("COMMENT ON ROLE {} IS {}").format(role, THROWN_AWAY))
        yield Site(admin=admin, has=has, ground=ground, migrator=name, password=password)
    finally:
        with held_back(), suppress(psycopg.OperationalError):  # the server is gone: the next rehearsal clears up
            if ground.kept:
                _hand_over(admin, ground.database, name, has.role)
            admin.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(role))


def make(site: Site, facts: Facts, name: str) -> tuple[Deviation, ...]:
    """Make the empty database the snapshot is restored into."""
    if site.ground.in_place:
        _empty(site)
        return ()
    found = database.create_original(site.admin, facts, name)
    _claim(site, name, THROWN_AWAY)
    return found


def restore(snapshot: Snapshot, way: Door, progress: Progress) -> tuple[Deviation, ...]:
    """Restore the snapshot, owned by the role that came in through the door, into the empty database behind it."""
    newest_first = sorted(binaries.find_all(), key=lambda found: -found.major)
    same = [each for each in newest_first if each.major == snapshot.facts.server_major]
    dump = original.read_dump(snapshot, tuple(each.bin_dir for each in (*same, *newest_first)))
    with connect_stage(way.dsn) as inside:
        return original.restore(inside, snapshot, _unowned(dump), way.dsn, progress)


def renew(site: Site, snapshot: Snapshot, restored_in: str, progress: Progress, *, first: bool) -> None:
    """Put the database of the stage into the state the snapshot was restored to."""
    name = site.ground.database
    if not site.ground.in_place:
        database.drop(site.admin, name)
        copy = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        site.admin.execute(copy.format(sql.Identifier(name), sql.Identifier(restored_in)))
        _claim(site, name, site.ground.mark if site.ground.kept else THROWN_AWAY)
    elif not first:
        _empty(site)
        with door.opened(site.upstream(name), "") as way:
            restore(snapshot, way, progress)


def put_away(site: Site, original_name: str) -> None:
    """Drop what does not stay: the database the stage was cloned from, and the stage itself unless it is kept."""
    if site.admin.closed or site.ground.in_place:
        return
    database.drop(site.admin, original_name)
    if not site.ground.kept:
        database.drop(site.admin, site.ground.database)


def abandon(site: Site) -> None:
    """Take back what was to be kept: nobody will know of it."""
    if site.admin.closed or site.ground.mark == MARK:
        return
    if site.ground.in_place:
        empty_in_place(site.admin, site.ground.database)
    else:
        database.drop(site.admin, site.ground.database)


def empty_in_place(admin: psycopg.Connection, name: str) -> None:
    """Empty the connected database, which stays, and mark it as free for the next rehearsal."""
    _empty_of_all(admin)
    admin.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), MARK))


def _hand_over(admin: psycopg.Connection, name: str, old: str, new: str) -> None:
    """Give a database that stays, with all that is in it, to the role that was connected."""
    if admin.execute(query("stage/database"), {"name": name}).fetchone() is None:
        return
    dsn = make_conninfo(admin.info.dsn, dbname=name, password=admin.info.password)
    with connect_stage(dsn) as inside:
        for command in ("REASSIGN OWNED BY {} TO {}", "DROP OWNED BY {}"):
            inside.execute(sql.SQL(command).format(*map(sql.Identifier, (old, new)[: command.count("{}")])))


def _empty(site: Site) -> None:
    _empty_of_all(site.admin)
    _claim(site, site.ground.database, site.ground.mark)
    if site.has.is_superuser:
        site.admin.execute(sql.SQL("ALTER SCHEMA public OWNER TO {}").format(sql.Identifier(site.migrator)))


def _empty_of_all(admin: psycopg.Connection) -> None:
    for _, command in admin.execute(query("stage/emptying").encode()).fetchall():
        admin.execute(command)


def _claim(site: Site, name: str, mark: str) -> None:
    """Write down that rehearse made the database, and give it to the role that migrates."""
    site.admin.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), mark))
    if site.migrator != site.has.role:
        site.admin.execute(
            sql.SQL("ALTER DATABASE {} OWNER TO {}").format(sql.Identifier(name), sql.Identifier(site.migrator))
        )


def _unowned(dump: Dump) -> Dump:
    """Return the dump without owners, grants and what only superusers may have."""
    gone = toc.with_dependants(dump.entries, dump.select(*_OF_OTHERS))
    return replace(dump.without(gone), unowned=True)
