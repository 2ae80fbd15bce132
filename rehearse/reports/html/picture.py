"""The timeline as a picture: where its bars lie, in the units of the drawing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from rehearse.model.migration import StepRun
from rehearse.model.quantity import duration
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.timeline import Outcome, Statement
from rehearse.reports.html.lanes import Lane, Stop, lanes, works

WIDTH = 960.0
_NARROWEST = 2.0  # or nobody sees the bar
_DIGIT = 7.0  # room a step needs for a digit of its number
_MOST_LANES = 24
_TICKS = 8
_STATEMENTS = ("word", "work", "error")
_STOPS = tuple(stop.value for stop in Stop)
_NICE = (1, 2, 5)
_LONG_NAME = 76  # characters; what is said of the table then needs a line of its own
_TOP = 46.0  # the ticks and the steps
_ROW = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A bar of the drawing."""

    x: float
    width: float
    kind: str  # its look
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The bars of one table, with what is said of it above them."""

    y: float
    name: str
    told: str
    is_long: bool  # its name takes a line
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    x: float
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Everything that is drawn of a timeline, from its first moment to its last."""

    started: datetime
    took: timedelta
    height: float
    ticks: tuple[Tick, ...]
    steps: tuple[Bar, ...]
    statements: tuple[Bar, ...]
    rows: tuple[Row, ...]
    left_out: int  # tables for which there was no room


class Scale:
    """Places moments between the left and the right edge, in proportion."""

    def __init__(self, started: datetime, took: timedelta) -> None:
        self._started, self._took = started, max(took, timedelta(microseconds=1))

    def x(self, moment: datetime) -> float:
        return WIDTH * ((moment - self._started) / self._took)

    def bar(self, started: datetime, ended: datetime, kind: str, told: str) -> Bar:
        """Return a bar of at least the narrowest width, within the edges."""
        left, right = self.x(started), self.x(ended)
        width = max(right - left, _NARROWEST)
        return Bar(x=round(min(left, WIDTH - width), 2), width=round(width, 2), kind=kind, told=told)


def picture(rehearsal: Rehearsal) -> Picture | None:
    """Lay out the timeline; None where nothing was played."""
    moments = tuple(_moments(rehearsal))
    if not moments:
        return None
    started = min(moments)
    took = max(moments) - started
    scale = Scale(started, took)
    found = lanes(rehearsal)
    rows = tuple(_rows(scale, found[:_MOST_LANES]))
    end = rows[-1].y + (40.0 if rows[-1].is_long else 26.0) if rows else _TOP + _ROW
    return Picture(
        started=started,
        took=took,
        height=end + 6.0,
        ticks=ticks(took),
        steps=tuple(_steps(scale, rehearsal.migration.steps)),
        statements=tuple(_merged(_statements(scale, rehearsal), _STATEMENTS)),
        rows=rows,
        left_out=len(found) - len(rows),
    )


def ticks(took: timedelta) -> tuple[Tick, ...]:
    """Return round moments from the beginning on, at most nine, none at the right edge.

    >>> [tick.told for tick in ticks(timedelta(seconds=3.5))]
    ['0', '500 ms', '1.0 s', '1.5 s', '2.0 s', '2.5 s', '3.0 s']
    """
    step = nice(took / _TICKS)
    number = int(took / step)
    places = [step * place for place in range(number + 1)]
    return tuple(
        Tick(x=round(WIDTH * (place / took), 2), told=duration(place) if place else "0")
        for place in places
        if place / took < 0.97  # noqa: PLR2004 - its label would hang over the edge
    )


def nice(least: timedelta) -> timedelta:
    """Return the smallest of 1, 2, 5, 10, ... of a unit that people count in and that is not below a span.

    >>> nice(timedelta(milliseconds=63)), nice(timedelta(seconds=70))
    (datetime.timedelta(microseconds=100000), datetime.timedelta(seconds=120))
    """
    minute = timedelta(minutes=1)
    if least > timedelta(seconds=30):
        unit = minute if least <= 30 * minute else 60 * minute
        return next(unit * many for many in _round_numbers() if unit * many >= least)
    tiny = timedelta(microseconds=100)
    return next(tiny * many for many in _round_numbers() if tiny * many >= least)


def _round_numbers() -> Iterator[int]:
    power = 1
    while True:
        yield from (digit * power for digit in _NICE)
        power *= 10


def _moments(rehearsal: Rehearsal) -> Iterator[datetime]:
    for step in rehearsal.migration.steps:
        yield from (moment for moment in (step.started, step.ended) if moment is not None)
    for statement in rehearsal.timeline.statements:
        if statement.step is not None:
            yield from (statement.started, statement.ended)
    for lock in rehearsal.timeline.locks:
        yield from (lock.acquired, lock.released)


def _steps(scale: Scale, steps: Sequence[StepRun]) -> Iterator[Bar]:
    """Yield a bar for each step that ran; one that is wide enough bears its number."""
    for number, step in enumerate(steps, 1):
        if step.started is None or step.ended is None or step.outcome is Outcome.SKIPPED:
            continue
        kind = "failed" if step.outcome is Outcome.FAILED else "odd" if number % 2 else "even"
        bar = scale.bar(step.started, step.ended, kind, "")
        yield Bar(
            x=bar.x, width=bar.width, kind=kind, told=str(number) if bar.width > _DIGIT * len(str(number)) else ""
        )


def _statements(scale: Scale, rehearsal: Rehearsal) -> Iterator[Bar]:
    for statement in rehearsal.timeline.statements:
        if statement.step is not None:
            told = f"{statement.tag}, {duration(statement.duration)}"
            yield scale.bar(statement.started, statement.ended, _look(statement, rehearsal), told)


def _look(statement: Statement, rehearsal: Rehearsal) -> str:
    if statement.outcome is Outcome.FAILED:
        return "error"
    return "work" if works(statement, rehearsal) else "word"


def _merged(bars: Iterator[Bar], looks: Sequence[str]) -> Iterator[Bar]:
    """Yield the bars with those of one look that touch one another drawn as one; of the looks the last lies on top."""
    for look, group in groupby(sorted(bars, key=lambda bar: (looks.index(bar.kind), bar.x)), key=lambda bar: bar.kind):
        last: Bar | None = None
        many = 1
        for bar in group:
            if last is not None and bar.x <= last.x + last.width:
                many += 1
                width = max(last.width, round(bar.x + bar.width - last.x, 2))
                last = Bar(x=last.x, width=width, kind=look, told=f"{many} that touch")
                continue
            if last is not None:
                yield last
            last, many = bar, 1
        if last is not None:
            yield last


def _rows(scale: Scale, found: Sequence[Lane]) -> Iterator[Row]:
    y = _TOP + _ROW + 14.0
    for lane in found:
        is_long = len(lane.table) > _LONG_NAME
        stretches = (
            scale.bar(
                part.started, part.ended, part.stop.value, f"{part.stop.told}, {duration(part.ended - part.started)}"
            )
            for part in lane.stretches
        )
        told = f"{lane.worst.told}, {duration(lane.blocked)}"
        yield Row(y=y, name=lane.table, told=told, is_long=is_long, bars=tuple(_merged(stretches, _STOPS)))
        y += 54.0 if is_long else 40.0
