"""Watch a release: when production's migration tool records each step."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import psycopg

from rehearse.catalog import read_heads
from rehearse.db.connect import connect_source, describe
from rehearse.db.queries import query
from rehearse.model.forecast import Interval
from rehearse.model.observation import Observation, StepTime
from rehearse.model.quantity import listing
from rehearse.model.report import Report
from rehearse.observing.errors import AlreadyReleased, NothingToObserve, NotReleased, OtherHeads

Heads = Mapping[str, tuple[str, ...]]


@dataclass(slots=True)
class _Release:
    """What was seen of it so far."""

    began: float | None = None
    recorded: list[tuple[float, Heads]] = field(default_factory=list)  # when the heads were first seen to be these


def watch(
    report: Report, url: str, *, patience: timedelta, interval: timedelta, progress: Callable[[str], None]
) -> Observation:
    """Watch production until its migration tool has recorded what the run ended with.

    Every `interval` two short statements are sent, in a transaction of their own: what is recorded, and which of the
    run's tables others have locked. The release begins with the first such lock, or with the first step recorded.
    Raises NothingToObserve, AlreadyReleased, OtherHeads, NotReleased and SourceUnreachable.
    """
    rehearsal = report.rehearsal
    if rehearsal.heads_before == rehearsal.heads_after:
        raise NothingToObserve(rehearsal.id, "it recorded no step")
    with connect_source(url) as connection:
        _check_start(report, read_heads(connection))
        progress("waiting for the release to begin")
        release = _seen(report, connection, patience, interval, progress)
    steps = tuple(_steps(report, release, interval))
    return Observation(
        run=rehearsal.id,
        observed_at=datetime.now(UTC),
        source=describe(url),
        by="heads",
        steps=steps,
        notes=tuple(_notes(release, steps)),
    )


def _check_start(report: Report, found: Heads) -> None:
    rehearsal = report.rehearsal
    if _is_at(found, rehearsal.heads_after):
        raise AlreadyReleased(rehearsal.id)
    if not _is_at(found, {table: rehearsal.heads_before.get(table, ()) for table in rehearsal.heads_after}):
        raise OtherHeads(rehearsal.id, _told(found), _told(rehearsal.heads_before))


def _seen(
    report: Report,
    connection: psycopg.Connection,
    patience: timedelta,
    interval: timedelta,
    progress: Callable[[str], None],
) -> _Release:
    rehearsal, release = report.rehearsal, _Release()
    books = sorted({*rehearsal.heads_before, *rehearsal.heads_after})
    tables = sorted({lock.object for lock in rehearsal.timeline.locks if lock.mode.blocks_writes} | set(books))
    last: Heads = dict(rehearsal.heads_before)
    until = time.monotonic() + patience.total_seconds()
    while time.monotonic() < until:
        connection.rollback()  # the next look is one at what is there now
        now = time.monotonic()
        asked = {"tables": tables, "books": books}
        locked = connection.execute(query("observe/strong_locks").encode(), asked).fetchall()
        heads = read_heads(connection)
        if release.began is None and (locked or heads != last):
            release.began = now
            progress("the release is running")
        if heads != last:
            release.recorded.append((now, heads))
            last = heads
        if _is_at(heads, rehearsal.heads_after):
            return release
        time.sleep(interval.total_seconds())
    raise NotReleased(rehearsal.id, patience)


def _steps(report: Report, release: _Release, interval: timedelta) -> Iterator[StepTime]:
    """Yield the steps that were recorded at one moment together, with the time since the moment before."""
    assert release.began is not None
    waiting = [step.id for step in report.rehearsal.migration.steps]
    before = release.began
    for at, heads in release.recorded:
        is_last = _is_at(heads, report.rehearsal.heads_after)
        recorded = {head for found in heads.values() for head in found}
        done = (
            len(waiting) if is_last else 1 + max((n for n, step in enumerate(waiting) if step in recorded), default=-1)
        )
        if not done:
            continue
        steps, waiting = tuple(waiting[:done]), waiting[done:]
        yield StepTime(
            steps=steps, took=timedelta(seconds=at - before), exact_to=interval, forecast=_forecast(report, steps)
        )
        before = at


def _forecast(report: Report, steps: Sequence[str]) -> Interval | None:
    """Return what was told of the steps, and up to as much more as all else in them took on the stage."""
    scaled = {found.statement.number: found.statement for found in report.predictions if found.statement.step in steps}
    told = [span for step in steps if (span := report.forecast_of(step)) is not None]
    if not scaled or len(told) < len(steps):
        return None
    took = sum((step.duration for step in report.rehearsal.migration.steps if step.id in steps), timedelta(0))
    rest = max(took - sum((found.duration for found in scaled.values()), timedelta(0)), timedelta(0))
    return Interval(
        low=sum((span.low for span in told), timedelta(0)), high=sum((span.high for span in told), timedelta(0)) + rest
    )


def _notes(release: _Release, steps: Sequence[StepTime]) -> Iterator[str]:
    if release.recorded and release.began == release.recorded[0][0]:
        yield "No lock of the first step was seen before it was recorded: its time is not known and counts as none."
    together = [found for found in steps if len(found.steps) > 1]
    if together:
        yield "Steps that were recorded in one transaction, or between two looks, are told together."


def _is_at(found: Heads, wanted: Heads) -> bool:
    """Say whether these tables hold these heads; one that is not there holds none."""
    return all(set(found.get(table, ())) == set(heads) for table, heads in wanted.items())


def _told(heads: Heads) -> str:
    return "; ".join(f"{listing(found) or 'nothing'} in {table}" for table, found in sorted(heads.items())) or "nothing"
