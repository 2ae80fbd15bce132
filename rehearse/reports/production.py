"""What the steps are at production's size, and how to run them there, in lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import groupby

from rehearse.model.evidence import Prediction
from rehearse.model.forecast import Interval
from rehearse.model.quantity import count, size
from rehearse.model.report import Report
from rehearse.model.timeline import WorkKind

_MOST = 3
_WORTH_TELLING = timedelta(seconds=0.5)  # a shorter time is nobody's concern
_MUCH_LOG = 16 * 1024**2  # bytes of write-ahead log: one segment


def lines(report: Report) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Yield the steps that follow one another and of which the same is to be said, with the lines that say it."""
    alike: list[str] = []
    last: tuple[str, ...] = ()
    for step in report.rehearsal.migration.steps:
        told = tuple(_lines(report, step.id))
        if alike and told != last:
            yield tuple(alike), last
            alike = []
        alike, last = ([*alike, step.id], told) if told else ([], ())
    if alike:
        yield tuple(alike), last


def _lines(report: Report, step: str) -> Iterator[str]:
    predictions = of_step(report, step)
    yield from _works(_larger(predictions))
    yield from _time(report.forecast_of(step), predictions)
    yield from _sorts(predictions)
    yield from (advice.told for advice in report.advice if advice.step == step)


def extents(report: Report, step: str) -> Iterator[str]:
    """Yield what a step works on at production's size, and what it needs there, without the time."""
    predictions = of_step(report, step)
    yield from _works(_larger(predictions))
    yield from _sorts(predictions)


def advised(report: Report) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield how to run the steps, those that follow one another and are run alike together."""
    told = ((found.told, found.step) for found in report.advice)
    for line, group in groupby(told, key=lambda pair: pair[0]):
        yield tuple(step for _, step in group), line


def _larger(predictions: Sequence[Prediction]) -> list[Prediction]:
    return [found for found in predictions if found.production_rows != found.work.rows]


def _sorts(predictions: Sequence[Prediction]) -> Iterator[str]:
    yield from (_sort(found) for found in predictions if found.outgrows_memory)


def of_step(report: Report, step: str) -> tuple[Prediction, ...]:
    """Return the works of a step, at production's size."""
    return tuple(found for found in report.predictions if found.statement.step == step)


def _works(predictions: Sequence[Prediction]) -> Iterator[str]:
    """Yield the largest works, equal ones added up, and the write-ahead log of all of them."""
    totals: dict[str, list[Prediction]] = {}
    for found in predictions:
        verb = found.work.detail if found.work.kind is WorkKind.ROWS and found.work.detail else found.work.kind.value
        totals.setdefault(f"{verb} {found.work.object}", []).append(found)
    largest = sorted(totals.items(), key=lambda entry: _spent(entry[1]), reverse=True)
    yield from (f"{what}: {_extent(parts)}" for what, parts in largest[:_MOST])
    if len(largest) > _MOST:
        yield f"and {len(largest) - _MOST} smaller ones"
    logged = {found.statement.number: found.production_wal_bytes or 0 for found in predictions}
    if sum(logged.values()) > _MUCH_LOG:
        yield f"about {size(sum(logged.values()))} of write-ahead log"


def _spent(parts: Sequence[Prediction]) -> timedelta:
    return sum((found.allowance or timedelta(days=1) for found in parts), timedelta(0))


def _extent(parts: Sequence[Prediction]) -> str:
    numbers = [found.production_rows for found in parts]
    known = [number for number in numbers if number is not None]
    if len(known) < len(numbers):
        return "an unknown number of rows"
    about = "" if all(found.production_exact for found in parts) else "about "
    octets = sum(found.production_bytes or 0 for found in parts)
    return f"{about}{count(sum(known))} rows{f' ({size(octets)})' if octets else ''}"


def _time(forecast: Interval | None, predictions: Sequence[Prediction]) -> Iterator[str]:
    """Yield how long the statements take together that work on rows, or why nobody can say."""
    if forecast is not None and forecast.high > _WORTH_TELLING:
        yield f"{forecast.told} on this hardware with a warm cache"
    if forecast is None and (reason := untold(predictions)):
        yield reason


def untold(predictions: Sequence[Prediction]) -> str | None:
    """Say why nobody can say how long some works take, if there is a reason worth a line."""
    factors = [found.factor for found in predictions if found.factor is not None]
    if any(found.production_rows is None for found in predictions):
        return "no time is told: production's size is not known"
    if factors and max(factors) > 1:
        return f"no time is told: production has up to {max(factors):,.0f} times the rows that were measured here"
    return None


def _sort(found: Prediction) -> str:
    assert found.sort_bytes is not None
    assert found.sort_memory is not None
    index = f" {found.work.detail}" if found.work.detail else ""
    return (
        f"the index{index} is sorted on disk there, unlike here: its {size(found.sort_bytes)} exceed production's "
        f"maintenance_work_mem ({size(found.sort_memory)})"
    )
