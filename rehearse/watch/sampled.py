"""Watching a stage with the rights of any role: what the door hears, what the server says, counts and shows by samples.

Statements are exact. What they lock and do is modelled by their text and by the server's messages; what neither tells
stays an open point.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

import psycopg
from psycopg.rows import class_row

from rehearse.db.connect import connect_stage
from rehearse.db.queries import query
from rehearse.model.conversation import Conversation
from rehearse.model.stage import Stage
from rehearse.model.timeline import LockWindow, Timeline
from rehearse.watch import assembly, heard, openings, reads, relations, watch
from rehearse.watch.assembly import Observation
from rehearse.watch.definitions import ForeignKey, Ties
from rehearse.watch.executions import Executions
from rehearse.watch.heard import Heard
from rehearse.watch.modelled import Model
from rehearse.watch.relations import Relations
from rehearse.watch.residue import Counters, Files
from rehearse.watch.samples import Looking
from rehearse.watch.timeouts import Timeouts

_PATIENCE = timedelta(seconds=15)
_OWN = "rehearse"  # what rehearse's own sessions call themselves
_HOW = (
    "The observation was sampled: every statement was heard, with its outcome and its rows; what it locked and did to "
    "rows is known from its text, from what the server told the session, from its counters and files before and after, "
    "and from samples of the locks."
)
_DEAF = (
    "Nothing tells which statements ran on the stage. Rehearse on a server of rehearse's own (leave --into out), or as "
    "a superuser of a server that logs as jsonlog in UTC."
)


@dataclass(slots=True, kw_only=True)
class SampledWatch:
    """A stage that is listened to and looked at."""

    stage: Stage
    admin: psycopg.Connection
    looking: Looking
    relations: Relations
    ties: Ties
    before: Counters
    files: Files
    timeouts: Timeouts
    earlier: frozenset[int]  # conversations that had begun before
    _made: Timeline | None = field(default=None)

    def timeline(self, steps: frozenset[str] | None = None) -> Timeline:
        """Return what was heard and seen; to be asked after the migrating process has ended."""
        if self._made is None:
            lingering = self._await_silence()
            self.looking.stop()
            conversations = self._conversations()
            told = heard.heard(conversations)
            observation = self._observation(told, tuple(self._gaps(conversations, lingering)), steps)
            found = assembly.timeline(observation)
            read = reads.read(found.statements, observation.before, observation.after, self.relations)
            found = replace(
                found,
                statements=read.statements,
                locks=tuple(self._marked(found.locks, told)),
                notes=(*found.notes, *read.notes),
            )
            gaps = (*found.gaps, *openings.points(found, self.relations, told, read.unclear))
            self._made = replace(found, gaps=gaps, complete=not gaps, notes=(_HOW, *found.notes))
        return self._made

    def _observation(self, told: tuple[Heard, ...], gaps: tuple[str, ...], steps: frozenset[str] | None) -> Observation:
        files = watch.files(self.admin)
        model = Model(
            ties=self.ties,
            rows={each.execution.position: each.rows for each in told if each.rows is not None},
            sampled=self.looking.samples.by_statement(told),
            quiet=frozenset(each.execution.position for each in told if each.is_quiet),
            moved=frozenset(oid for oid, file in self.files.items() if oid in files and files[oid].file != file.file),
        )
        return Observation(
            executions=Executions(statements=tuple(each.execution for each in told), unreadable=0),
            relations=self.relations,
            before=self.before,
            after=watch.counters(self.admin),
            files_before=self.files,
            files_after=files,
            timeouts=self.timeouts,
            relations_after=relations.listed(self.admin),
            last_seen={
                each.execution.session: each.conversation.ended for each in told if each.conversation.ended is not None
            },
            gaps=gaps,
            steps=steps,
            reads=model.read,
        )

    def _marked(self, locks: Iterable[LockWindow], told: tuple[Heard, ...]) -> Iterator[LockWindow]:
        """Say of each lock whether it was seen, or is only known to be taken."""
        sessions = {each.execution.position: each.execution.session for each in told}
        seen = {
            (sessions[position], table.identity, mode)
            for position, found in self.looking.samples.by_statement(told).items()
            for oid, mode in found
            if (table := self.relations.table(oid)) is not None
        }
        for each in locks:
            yield replace(each, is_modelled=(each.session, each.object, each.mode) not in seen)

    def _conversations(self) -> tuple[Conversation, ...]:
        """Return the migration's conversations since the watch began, without rehearse's own."""
        found = self.stage.conversations() if self.stage.conversations else ()
        return tuple(each for each in found if each.number not in self.earlier and not _is_ours(each))

    def _await_silence(self) -> int:
        """Wait until the migrating sessions have ended and handed in their counters; return how many stay."""
        until = time.monotonic() + _PATIENCE.total_seconds()
        while True:
            conversations = self._conversations()
            pids = [each.pid for each in conversations if each.pid is not None]
            row = self.admin.execute(query("watch/present"), {"pids": pids}).fetchone() if pids else (0,)
            present = max(int(row[0]) if row else 0, sum(each.ended is None for each in conversations))
            if not present or time.monotonic() > until:
                return present
            time.sleep(0.005)

    def _gaps(self, conversations: tuple[Conversation, ...], lingering: int) -> Iterator[str]:
        if self.stage.conversations is None:
            yield _DEAF
        if lingering:
            yield f"{lingering} connections of the migration were still open when the timeline was made."
        if self.looking.lost:
            yield f"The sampler stopped early ({self.looking.lost}): which locks were seen after that is not known."
        heard_of = {each.pid for each in self.stage.conversations()} if self.stage.conversations else set()
        if strangers := self.looking.samples.pids() - heard_of:
            yield (
                f"{len(strangers)} sessions locked tables of the stage that did not come through rehearse's door: what "
                "they did there is not known. Let nobody else use the stage's database meanwhile."
            )
        for each in conversations:
            if each.gap is not None:
                yield (
                    f"A connection of the migration could not be understood to its end ({each.gap}): which statements "
                    "it ran after that is not known."
                )


@contextmanager
def sampling(stage: Stage) -> Iterator[SampledWatch]:
    """Listen to and look at the stage until the context is left; nothing in its database is changed for it."""
    with connect_stage(stage.admin) as admin:
        search_path, in_force = watch.defaults(stage, admin)
        found = relations.read(admin, search_path, stage.address.user)
        looking = Looking(stage.admin)
        try:
            yield SampledWatch(
                stage=stage,
                admin=admin,
                looking=looking,
                relations=found,
                ties=_ties(admin),
                before=watch.counters(admin),
                files=watch.files(admin),
                timeouts=in_force,
                earlier=frozenset(each.number for each in (stage.conversations or tuple)()),
            )
        finally:
            looking.stop()


def _ties(admin: psycopg.Connection) -> Ties:
    with admin.cursor(row_factory=class_row(ForeignKey)) as cursor:
        keys = cursor.execute(query("watch/foreign_key_columns").encode()).fetchall()
    defaults = admin.execute(query("watch/default_partitions").encode()).fetchall()
    return Ties(
        keys=tuple(
            replace(each, columns=tuple(each.columns), other_columns=tuple(each.other_columns)) for each in keys
        ),
        defaults={int(table): int(partition) for table, partition in defaults},
    )


def _is_ours(conversation: Conversation) -> bool:
    return conversation.application == _OWN and conversation.process in (None, os.getpid())
