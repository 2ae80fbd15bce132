"""Fit lines to what was measured of each step on samples of several sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import pairwise
from statistics import linear_regression

from rehearse.model.calibration import Calibration, Line, Point, StepCalibration
from rehearse.model.timeline import Timeline, WorkKind

_LEAST_POINTS = 3
_LEAST_GROWTH = 1.2  # from one sample to the next


def points(timeline: Timeline, rows: Mapping[str, int], history: frozenset[str]) -> dict[str, Point]:
    """Return what each step took that worked on rows, on a stage whose tables held so many before.

    The tables in which migration tools keep their books are left out.
    """
    found: dict[str, Point] = {}
    steps = dict.fromkeys(statement.step for statement in timeline.statements if statement.step is not None)
    for step in steps:
        statements = [
            (statement, work)
            for statement in timeline.statements
            if statement.step == step
            for work in statement.work
            if work.existed_before and work.kind is not WorkKind.METADATA and work.object not in history
        ]
        if statements:
            busy = {statement.number: statement.duration for statement, _ in statements}
            found[step] = Point(
                rows=sum(rows.get(table, 0) for table in {work.object for _, work in statements}),
                work=sum(work.rows for _, work in statements),
                took=sum(busy.values(), timedelta(0)),
            )
    return found


def calibrate(samples: Sequence[Mapping[str, Point]], notes: Sequence[str] = ()) -> Calibration:
    """Return the fit of each step that the largest sample, which comes last, has a point of."""
    steps = samples[-1] if samples else {}
    return Calibration(
        steps=tuple(_step(step, [sample[step] for sample in samples if step in sample]) for step in steps),
        notes=tuple(notes),
    )


def _step(step: str, measured: Sequence[Point]) -> StepCalibration:
    fit = len(measured) >= _LEAST_POINTS and all(
        small.rows > 0 and large.rows >= small.rows * _LEAST_GROWTH for small, large in pairwise(measured)
    )
    return StepCalibration(
        step=step,
        points=tuple(measured),
        time=_line(measured, [point.took.total_seconds() for point in measured]) if fit else None,
        work=_line(measured, [float(point.work) for point in measured]) if fit else None,
    )


def _line(measured: Sequence[Point], values: Sequence[float]) -> Line:
    """Fit a line to all points, and judge it by the last, which a line through the others does not know."""
    sizes = [float(point.rows) for point in measured]
    slope, fixed = linear_regression(sizes, values)
    before, start = linear_regression(sizes[:-1], values[:-1])
    error = (start + before * sizes[-1]) / values[-1] - 1 if values[-1] else 0.0
    return Line(fixed=fixed, per_row=slope, error=error)
