"""The steps at production's size as a picture: between how long and how long each takes there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from rehearse.model.forecast import Interval
from rehearse.model.quantity import duration
from rehearse.model.report import Report
from rehearse.reports import production
from rehearse.reports.html import picture
from rehearse.reports.html.lanes import Stop, worst
from rehearse.reports.html.picture import WIDTH, Tick

_MOST = 16
_TOP = 28.0
_ROW = 40.0
_NARROWEST = 3.0
_SHORTEST = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """One step at production's size."""

    number: int  # of the step, from 1
    step: str
    stop: Stop | None  # the most that its locks stop; None: nobody waits
    measured: timedelta  # what its work on rows took on the stage
    forecast: Interval | None
    untold: str  # why there is none


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Its place in the drawing."""

    y: float
    outlook: Outlook
    low: float  # where the bar of what it takes at the least ends
    high: float
    measured: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    height: float
    ticks: tuple[Tick, ...]
    rows: tuple[Row, ...]
    left_out: int  # steps that take less than those that are drawn


def outlooks(report: Report) -> tuple[Outlook, ...]:
    """Return the steps that work on rows, in order."""
    return tuple(_outlooks(report))


def drawing(found: Sequence[Outlook]) -> Drawing | None:
    """Lay the longest out, in order, against time from 0 to the longest; None where nothing is told of any."""
    told = [(each, each.forecast) for each in found if each.forecast is not None]
    if not told:
        return None
    kept = sorted(told, key=lambda pair: pair[1].high, reverse=True)[:_MOST]
    longest = max(kept[0][1].high, *(each.measured for each, _ in kept), _SHORTEST)
    rows = tuple(
        Row(
            y=_TOP + _ROW * place,
            outlook=each,
            low=_x(span.low, longest),
            high=max(_x(span.high, longest), _NARROWEST),
            measured=_x(each.measured, longest),
        )
        for place, (each, span) in enumerate(sorted(kept, key=lambda pair: pair[0].number))
    )
    height = _TOP + _ROW * len(rows) + 4.0
    return Drawing(height=height, ticks=picture.ticks(longest), rows=rows, left_out=len(told) - len(rows))


def _outlooks(report: Report) -> Iterator[Outlook]:
    stops = worst(report.rehearsal)
    for number, step in enumerate(report.rehearsal.migration.steps, 1):
        predictions = production.of_step(report, step.id)
        if not predictions:
            continue
        spent = {found.statement.number: found.statement.duration for found in predictions}
        forecast = report.forecast_of(step.id)
        yield Outlook(
            number=number,
            step=step.id,
            stop=stops.get(step.id),
            measured=sum(spent.values(), timedelta(0)),
            forecast=forecast,
            untold="" if forecast else production.untold(predictions) or "no time is told",
        )


def _x(span: timedelta, longest: timedelta) -> float:
    return round(WIDTH * (span / longest), 2)


def told(found: Outlook) -> str:
    """Say it in a line: "508 ms to 4.4 s, 131 ms here"."""
    here = f"{duration(found.measured)} here"
    return f"{found.forecast.told}, {here}" if found.forecast else f"{found.untold} ({here})"
