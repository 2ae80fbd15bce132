"""How the steps grew with the sample, in lines of text."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from rehearse.model.calibration import Calibration, Line, StepCalibration
from rehearse.model.quantity import duration, listing

_EXACT = 0.005
_NOISY = 0.5
_THOUSAND = 1000


def lines(found: Calibration) -> Iterator[str]:
    """Yield a line for each step, and one for what could not be measured."""
    yield from (_step(step) for step in found.steps)
    if not found.steps and not found.notes:
        yield "No step works on rows of existing tables."
    yield from found.notes


def _step(found: StepCalibration) -> str:
    sizes = listing(tuple(f"{point.rows:,}" for point in found.points))
    took = listing(tuple(duration(point.took) for point in found.points))
    measured = f"{found.step}: {took} on {sizes} rows"
    if found.time is None or found.work is None:
        return f"{measured}; that is too few samples, or too much of one size, for a line (more --rows may help)."
    return f"{measured}{_time(found.time)}. Work: {found.work.per_row:.2f} rows for each row, {_error(found.work)}."


def _time(line: Line) -> str:
    """Say the line, unless it is not one that time can follow."""
    if line.per_row <= 0:
        return "; the time does not grow with the rows"
    each, fixed = timedelta(seconds=line.per_row * _THOUSAND), timedelta(seconds=abs(line.fixed))
    sign = "-" if line.fixed < 0 else "+"
    noise = ", too far to rely on it" if abs(line.error) > _NOISY else ""
    return f": {duration(each)} for 1,000 rows {sign} {duration(fixed)}, which is {_error(line)}{noise}"


def _error(line: Line) -> str:
    """Write how far the line through the smaller samples is from the largest.

    >>> _error(Line(fixed=0, per_row=1, error=-0.1)), _error(Line(fixed=0, per_row=1, error=0))
    ('10% too little at the largest by the smaller two', 'exact at the largest by the smaller two')
    """
    much = "much" if line.error > 0 else "little"
    error = "exact" if abs(line.error) < _EXACT else f"{abs(line.error):.0%} too {much}"
    return f"{error} at the largest by the smaller two"
