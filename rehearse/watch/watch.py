"""Watching a stage while a migration is played on it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial

import psycopg
from psycopg import conninfo, sql
from psycopg.rows import dict_row

from rehearse.db.connect import connect_stage
from rehearse.db.queries import query
from rehearse.model.stage import Stage
from rehearse.model.timeline import Timeline
from rehearse.watch import assembly, commands, log, openings, relations, routines, timeouts, tracer
from rehearse.watch.assembly import Observation
from rehearse.watch.commands import Known
from rehearse.watch.executions import Execution
from rehearse.watch.log import TRACE, Reading, Record
from rehearse.watch.places import log_of
from rehearse.watch.relations import Relations
from rehearse.watch.residue import Counters, File, Files
from rehearse.watch.routines import Routines
from rehearse.watch.sampler import Sampler
from rehearse.watch.sessions import executions
from rehearse.watch.timeouts import Timeouts
from rehearse.watch.tracer import Tracer

_PATIENCE = timedelta(seconds=15)
_FLUSHES_ON_DEMAND = 150000
# Production's own, or rehearsed ones, may be too short for our own question; with the versions that brought them.
_UNHURRIED = {"statement_timeout": 0, "idle_session_timeout": 140000, "transaction_timeout": 170000}


@dataclass(slots=True, kw_only=True)
class Watch:
    """A stage under observation."""

    stage: Stage
    admin: psycopg.Connection
    sampler: Sampler
    relations: Relations
    before: Counters
    files: Files
    timeouts: Timeouts
    offset: int  # of the log, where the migration begins
    explains: bool  # the server tells the rows of every statement
    tracer: Tracer
    code: tuple[str, ...]  # that defines routines and triggers
    _made: Timeline | None = field(default=None)

    def timeline(self, steps: frozenset[str] | None = None) -> Timeline:
        """Return what the server did since the watch began; to be asked after the migrating process has ended.

        `steps` are those the migrator knows of; None: it does not, and whatever the sessions call themselves is one.
        """
        if self._made is None:
            lingering = _await_silence(self.admin)
            self.sampler.stop()
            self._made = assembly.timeline(self._observation(lingering, steps))
        return self._made

    def _observation(self, lingering: int, steps: frozenset[str] | None) -> Observation:
        reading = self._reading()
        own = self.admin.info.user
        records = [each for each in reading.records if each.database == self.admin.info.dbname and each.user != own]
        told = executions(records)
        known = Routines((*self.code, *code(self.admin), *routines.definitions(told.statements)))
        return Observation(
            executions=replace(told, unreadable=told.unreadable + reading.unreadable),
            relations=self.relations,
            before=self.before,
            after=counters(self.admin),
            files_before=self.files,
            files_after=files(self.admin),
            timeouts=self.timeouts,
            relations_after=relations.listed(self.admin),
            last_seen=self.sampler.waits.last_seen,
            released=tuple((session, at) for (session, _), at in self.sampler.waits.released.items()),
            checkpoints=reading.checkpoints if self.stage.log_file is not None else None,
            gaps=(*self._gaps(reading, records, lingering), *_unread(known, told.statements)),
            notes=self.sampler.waits.notes,
            steps=steps,
            reads=partial(_read, known),
            owner=own if self.stage.log_file is not None and own not in self.stage.touched else None,
        )

    def _reading(self) -> Reading:
        place = log_of(self.stage, self.admin)
        if place is None:
            return Reading(records=(), unreadable=0, complete=False)
        return log.read(place, self.offset, _mark_log(self.admin), patience=_PATIENCE)

    def _gaps(self, reading: Reading, records: list[Record], lingering: int) -> Iterator[str]:
        if not reading.complete:
            yield "The server's log could not be read to its end: statements of the migration may be missing."
        if tracer.read(self.admin) != self.tracer:
            yield (
                "The tracer was removed or changed while the migration ran, or a role became a superuser: locks and "
                "work after that may be missing."
            )
        if not self.explains:
            yield "The server has no auto_explain: rows read and written by queries are known from counters only."
        if lingering:
            yield f"{lingering} connections of the migration were still open when the timeline was made."
        if self.sampler.lost:
            yield f"The sampler stopped early ({self.sampler.lost}): connections and waits after that are not known."
        told = {each.session for each in records}
        silent = {role for session, role in self.sampler.waits.roles.items() if session not in told}
        for role in sorted(silent):
            yield f"A connection of role {role} wrote nothing to the server's log: what it did is not known."


@contextmanager
def watching(stage: Stage) -> Iterator[Watch]:
    """Observe everything the migrating role does in the stage database until the context is left.

    The tracer, the role's settings and the sampler are gone afterwards; read catalogs outside of it.
    """
    with connect_stage(stage.admin) as admin:
        role = stage.address.user
        search_path, in_force = defaults(stage, admin)
        found = relations.read(admin, search_path, role)
        talked = tracer.make_talk(admin, role)
        sampler: Sampler | None = None
        try:
            installed = tracer.install(admin)
            offset = _begin(stage, admin)
            sampler = Sampler(stage.admin)
            yield Watch(
                stage=stage,
                admin=admin,
                sampler=sampler,
                relations=found,
                before=counters(admin),
                files=files(admin),
                timeouts=in_force,
                offset=offset,
                explains=tracer.explains(admin),
                tracer=installed,
                code=code(admin),
            )
        finally:
            if sampler is not None:
                sampler.stop()
            tracer.uninstall(admin)
            tracer.make_quiet(admin, talked)


def defaults(stage: Stage, admin: psycopg.Connection) -> tuple[tuple[str, ...], Timeouts]:
    """Return the search_path and the timeouts a new session of the migrating role begins with."""
    known = [name for name, since in _UNHURRIED.items() if admin.info.server_version >= since]
    options = " ".join(f"-c {name}=0" for name in known)
    with connect_stage(conninfo.make_conninfo(stage.address.url, options=options)) as migrator:
        found = migrator.execute(query("watch/defaults").encode()).fetchone()
    schemas, lock = found or (["public"], "")
    (statement,) = admin.execute(
        query("watch/statement_timeout").encode(), {"role": stage.address.user}
    ).fetchone() or ("",)
    statement = stage.session_settings.get("statement_timeout", statement)
    return tuple(schemas), Timeouts(lock=timeouts.parse(lock), statement=timeouts.parse(statement))


def _begin(stage: Stage, admin: psycopg.Connection) -> int:
    """Return where in the log the migration will begin."""
    place = log_of(stage, admin)
    if place is None:
        return 0
    size = place.size()
    return log.offset_after(place, _mark_log(admin), size, patience=_PATIENCE)


def _mark_log(admin: psycopg.Connection) -> str:
    """Write a line nobody else writes into the log; return its message."""
    message = f"{TRACE}mark {secrets.token_hex(8)}"
    admin.execute(sql.SQL("DO {}").format(sql.Literal(f"BEGIN RAISE LOG USING MESSAGE = '{message}'; END")))
    return message


def counters(admin: psycopg.Connection) -> Counters:
    """Return the server's counters, those of this very connection included."""
    if admin.info.server_version >= _FLUSHES_ON_DEMAND:
        admin.execute("SELECT pg_catalog.pg_stat_force_next_flush()")
    admin.execute("SELECT pg_catalog.pg_stat_clear_snapshot()")
    found = admin.execute(query("watch/counters").encode()).fetchall()
    return {oid: (inserted, updated, deleted, read) for oid, inserted, updated, deleted, read in found}


def code(admin: psycopg.Connection) -> tuple[str, ...]:
    """Return what defines the routines and triggers there are now."""
    return tuple(text for (text,) in admin.execute(query("watch/code").encode()))


def _read(known: Routines, execution: Execution, relations: Relations) -> tuple[Execution, tuple[Known, ...]]:
    """Return a statement as the log told it, and what its text and that of the routines it calls add to that."""
    told, found = assembly.as_told(execution, relations)
    texts = sorted(known.of(execution).texts)
    return told, (*found, *(each for text in texts for each in commands.known(text, relations)))


def _unread(known: Routines, statements: Iterable[Execution]) -> Iterator[str]:
    """Yield the routines that may have locked tables unseen."""
    unclear = {name: each for each in statements if each.error is None for name in known.of(each).unclear}
    for name, each in sorted(unclear.items()):
        is_named = name == routines.BLOCK or name.startswith(routines.TRIGGER)
        who = f"{name[0].upper()}{name[1:]}" if is_named else f"Function {name}"
        yield (
            f"{who} may have locked tables ({openings.shown(each.sql)}): its LOCK is put together from strings, or is "
            "in one of several functions of that name, so that which table is not known. Write LOCK TABLE out as a "
            "statement of the migration."
        )


def files(admin: psycopg.Connection) -> Files:
    """Return the file and the sizes of each table."""
    with admin.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(query("watch/files").encode()).fetchall()
    return {row.pop("oid"): File(**row) for row in found}


def _await_silence(admin: psycopg.Connection) -> int:
    """Wait until the migrating backends are gone and have handed in their counters; return how many stay."""
    until = time.monotonic() + _PATIENCE.total_seconds()
    text = query("watch/backends").encode()
    while backends := admin.execute(text).fetchall():
        if time.monotonic() > until:
            break
        time.sleep(0.005)
    return len(backends)
