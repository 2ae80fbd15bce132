"""A calibration: each step measured on samples of three sizes, and the lines through what was measured."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One step, played on a sample of one size."""

    rows: int  # of the existing tables it works on, before the step's migration
    work: int  # rows that were read, written, indexed
    took: timedelta  # the server's time for the statements that worked on rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line through the points, by least squares; of time in seconds, of work in rows."""

    fixed: float
    per_row: float
    error: float  # the largest point, as the line through the others forecasts it: -0.1 is a tenth too little


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCalibration:
    """What was measured of one step, smallest sample first."""

    step: str
    points: tuple[Point, ...]
    time: Line | None  # None: the samples differ too little in size, or there are too few
    work: Line | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How work and time grow with the sample; no part of any verdict."""

    steps: tuple[StepCalibration, ...]
    notes: tuple[str, ...] = ()  # what could not be measured, in sentences
