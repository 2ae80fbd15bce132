"""Watching a stage with the rights of any role: by samples, which prove what they saw and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import psycopg
from psycopg.rows import class_row

from rehearse.db.connect import connect_stage
from rehearse.db.queries import query
from rehearse.db.said import said
from rehearse.model import wording
from rehearse.model.stage import Stage
from rehearse.model.timeline import LockMode, LockWindow, Outcome, Statement, Timeline
from rehearse.watch import relations, strings
from rehearse.watch.relations import Relations

INTERVAL = timedelta(milliseconds=5)
_STEP = "rehearse:"  # how the application name of a step begins
_SAMPLED = (
    f"The observation was sampled, every {INTERVAL.microseconds // 1000} ms or less often: statements and locks that "
    "were shorter may be missing, and which rows were read, rewritten or verified is not known. Rehearse on a server "
    "of rehearse's own (leave --into out), or as a superuser of a server that logs as jsonlog in UTC."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What one migrating backend did at one moment, and one of the locks it had or waited for."""

    session: str
    application: str
    started: datetime | None  # of the statement that runs
    transaction_started: datetime
    sql: str
    relation: int | None
    mode: str | None
    granted: bool | None
    now: datetime


@dataclass(slots=True)
class Samples:
    """What the samples add up to: statements and locks, each from when it was first seen until it was last seen."""

    statements: dict[tuple[str, datetime], tuple[Sample, datetime]] = field(default_factory=dict)
    locks: dict[tuple[str, datetime, int, str], tuple[Sample, datetime]] = field(default_factory=dict)

    def take(self, samples: Iterable[Sample]) -> None:
        for each in samples:
            if each.started is not None:
                first, _ = self.statements.get((each.session, each.started), (each, each.now))
                self.statements[each.session, each.started] = (first, each.now)
            if each.relation is not None and each.mode is not None and each.granted:
                key = (each.session, each.transaction_started, each.relation, each.mode)
                first, _ = self.locks.get(key, (each, each.now))
                self.locks[key] = (first, each.now)

    def timeline(self, known: Relations, gaps: tuple[str, ...]) -> Timeline:
        """Return them in order; only locks on what existed before count."""
        statements = tuple(
            _statement(number, sample, seen)
            for number, (sample, seen) in enumerate(
                sorted(self.statements.values(), key=lambda found: found[0].started or found[0].now), start=1
            )
        )
        numbers = {(each.session, each.started): each.number for each in statements}
        windows = (_window(sample, seen, known, numbers) for sample, seen in self.locks.values())
        locks = tuple(sorted(filter(None, windows), key=lambda each: (each.acquired, each.object, each.mode.strength)))
        return Timeline(statements=statements, locks=locks, complete=False, gaps=gaps)


@dataclass(slots=True, kw_only=True)
class SampledWatch:
    """A stage that is looked at again and again."""

    relations: Relations
    samples: Samples = field(default_factory=Samples)
    lost: str | None = None  # why it stopped before it was asked to

    def timeline(self) -> Timeline:
        """Return what was seen; to be asked after the migrating process has ended."""
        early = (f"The sampler stopped early ({self.lost}): what followed is not known.",) if self.lost else ()
        return self.samples.timeline(self.relations, (_SAMPLED, *early))


@contextmanager
def sampling(stage: Stage) -> Iterator[SampledWatch]:
    """Look at the stage until the context is left; nothing in its database is changed for it."""
    with connect_stage(stage.admin) as connection:
        path = connection.execute(query("watch/defaults").encode()).fetchone()
        watched = SampledWatch(relations=relations.read(connection, tuple(path[0]) if path else ("public",)))
        stopped = threading.Event()
        thread = threading.Thread(target=_sample, args=(connection, watched, stopped), daemon=True)
        thread.start()
        try:
            yield watched
        finally:
            stopped.set()
            thread.join()


def _sample(connection: psycopg.Connection, watched: SampledWatch, stopped: threading.Event) -> None:
    text = query("watch/sampled").encode()
    try:
        with connection.cursor(row_factory=class_row(Sample)) as cursor:
            while not stopped.wait(INTERVAL.total_seconds()):
                watched.samples.take(cursor.execute(text, prepare=True).fetchall())
    except psycopg.Error as error:
        watched.lost = said(error)


def _statement(number: int, sample: Sample, seen: datetime) -> Statement:
    return Statement(
        number=number,
        session=sample.session,
        transaction=_transaction(sample),
        step=_step(sample),
        sql=wording.without_passwords(sample.sql),
        tag=strings.tag(sample.sql),
        started=sample.started or sample.now,
        ended=seen,
        outcome=Outcome.APPLIED,
    )


def _window(
    sample: Sample, seen: datetime, known: Relations, numbers: Mapping[tuple[str, datetime], int]
) -> LockWindow | None:
    found = known.by_oid.get(sample.relation or 0)
    table = known.table(sample.relation or 0)
    if found is None or table is None:
        return None
    return LockWindow(
        object=table.identity,
        mode=LockMode(sample.mode),
        session=sample.session,
        transaction=_transaction(sample),
        step=_step(sample),
        statement=numbers.get((sample.session, sample.started or sample.now), 0),
        acquired=sample.now,
        released=seen,
        lock_timeout=None,
        on_index=found.is_index,
    )


def _transaction(sample: Sample) -> str:
    return f"{sample.session}/{sample.transaction_started.timestamp():.6f}"


def _step(sample: Sample) -> str | None:
    return sample.application.removeprefix(_STEP) if sample.application.startswith(_STEP) else None
