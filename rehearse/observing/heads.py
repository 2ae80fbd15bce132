"""Watch a release: when production's migration tool records each step."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Self

import psycopg

from rehearse.catalog import read_heads
from rehearse.db.connect import connect_source, describe, redact
from rehearse.db.queries import query
from rehearse.errors import RehearseError
from rehearse.model.forecast import Interval
from rehearse.model.observation import Observation, StepTime
from rehearse.model.quantity import listing
from rehearse.model.report import Report
from rehearse.observing.errors import AlreadyReleased, NothingToObserve, NotReleased, OtherHeads, SourceLost

Heads = Mapping[str, tuple[str, ...]]


@dataclass(slots=True)
class _Release:
    """What was seen of it so far."""

    began: float | None = None
    recorded: list[tuple[float, Heads]] = field(default_factory=list)  # when the heads were first seen to be these


class Watcher:
    """Looks at production while it is migrated: what the migration tool records, and what is locked meanwhile."""

    def __init__(self, report: Report, url: str, interval: timedelta) -> None:
        """Connect, and make sure that production is where the run began.

        Raises NothingToObserve, AlreadyReleased, OtherHeads and SourceUnreachable.
        """
        rehearsal = report.rehearsal
        if rehearsal.heads_before == rehearsal.heads_after:
            raise NothingToObserve(rehearsal.id, "it recorded no step")
        self._report, self._url, self._interval = report, url, interval
        self._books = sorted({*rehearsal.heads_before, *rehearsal.heads_after})
        strong = {lock.object for lock in rehearsal.timeline.locks if lock.mode.blocks_writes}
        self._tables = sorted(strong.union(self._books))
        self._release = _Release()
        self._connection = connect_source(url)
        with self._put_away_on_errors():
            self._last: Heads = read_heads(self._connection)
            _check_start(report, self._last)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def until(self, is_over: Callable[[], bool], progress: Callable[[str], None]) -> Observation:
        """Look every interval until the tool has recorded what the run ended with, or it is over.

        A look is two short statements in a transaction of their own. The release begins with the first lock on one of
        the run's tables, or with the first step recorded. Raises NotReleased and SourceLost.
        """
        progress("waiting for the release to begin")
        over = False
        while not self._look(progress):
            if over:  # a last look was taken after that
                raise NotReleased(self._report.rehearsal.id)
            over = is_over()
            if not over:
                time.sleep(self._interval.total_seconds())
        steps = tuple(self._steps())
        return Observation(
            run=self._report.rehearsal.id,
            observed_at=datetime.now(UTC),
            source=describe(self._url),
            by="heads",
            steps=steps,
            notes=tuple(_notes(self._release, steps)),
        )

    def _look(self, progress: Callable[[str], None]) -> bool:
        """Look once; say whether the target is reached."""
        now, release = time.monotonic(), self._release
        with self._put_away_on_errors():
            self._connection.rollback()  # the next look is one at what is there now
            asked = {"tables": self._tables, "books": self._books}
            locked = self._connection.execute(query("observe/strong_locks").encode(), asked).fetchall()
            heads = read_heads(self._connection)
        if release.began is None and (locked or heads != self._last):
            release.began = now
            progress("the release is running")
        if heads != self._last:
            release.recorded.append((now, heads))
            self._last = heads
        return _is_at(heads, self._report.rehearsal.heads_after)

    @contextmanager
    def _put_away_on_errors(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            self._connection.close()
            raise SourceLost(describe(self._url), redact(str(error).strip(), self._url)) from None
        except RehearseError:
            self._connection.close()
            raise

    def _steps(self) -> Iterator[StepTime]:
        """Yield the steps that were recorded at one moment together, with the time since the moment before."""
        assert self._release.began is not None
        waiting = [step.id for step in self._report.rehearsal.migration.steps]
        before = self._release.began
        for at, heads in self._release.recorded:
            recorded = {head for found in heads.values() for head in found}
            reached = (number for number, step in enumerate(waiting, 1) if step in recorded)
            is_last = _is_at(heads, self._report.rehearsal.heads_after)
            done = len(waiting) if is_last else max(reached, default=0)
            steps, waiting = tuple(waiting[:done]), waiting[done:]
            if steps:
                took = timedelta(seconds=at - before)
                told = _forecast(self._report, steps)
                yield StepTime(steps=steps, took=took, exact_to=self._interval, forecast=told)
                before = at


def _check_start(report: Report, found: Heads) -> None:
    rehearsal = report.rehearsal
    if _is_at(found, rehearsal.heads_after):
        raise AlreadyReleased(rehearsal.id)
    if not _is_at(found, {table: rehearsal.heads_before.get(table, ()) for table in rehearsal.heads_after}):
        raise OtherHeads(rehearsal.id, _told(found), _told(rehearsal.heads_before))


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
