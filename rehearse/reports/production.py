"""What the steps are at production's size, and how to run them there, in lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

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
    predictions = [found for found in report.predictions if found.statement.step == step]
    larger = [found for found in predictions if found.production_rows != found.work.rows]
    yield from _works(larger)
    yield from _time(report.forecast_of(step), predictions)
    yield from (_sort(found) for found in predictions if found.outgrows_memory)
    yield from (advice.told for advice in report.advice if advice.step == step)


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
    if forecast is not None:
        if forecast.high > _WORTH_TELLING:
            yield f"{forecast.told} on this hardware with a warm cache"
        return
    factors = [found.factor for found in predictions if found.factor is not None]
    if any(found.production_rows is None for found in predictions):
        yield "no time is told: production's size is not known"
    elif factors and max(factors) > 1:
        yield f"no time is told: production has up to {max(factors):,.0f} times the rows that were measured here"


def _sort(found: Prediction) -> str:
    assert found.sort_bytes is not None
    assert found.sort_memory is not None
    index = f" {found.work.detail}" if found.work.detail else ""
    return (
        f"the index{index} is sorted on disk there, unlike here: its {size(found.sort_bytes)} exceed production's "
        f"maintenance_work_mem ({size(found.sort_memory)})"
    )
