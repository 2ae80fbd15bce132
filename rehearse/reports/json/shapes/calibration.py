"""The shapes of how the steps grew with the sample."""

from __future__ import annotations

from typing_extensions import TypedDict  # pydantic reads no other before Python 3.12


class Sample(TypedDict):
    """What a step did to a sample of one size."""

    rows: int
    work: float
    seconds: float


class Line(TypedDict):
    """A line through the samples; `error` is how far it is from the largest."""

    fixed: float
    per_row: float
    error: float


class StepCalibration(TypedDict):
    """How a step grew with the sample."""

    step: str
    samples: list[Sample]
    time: Line | None
    work: Line | None


class Calibration(TypedDict):
    """How the steps grew with the sample."""

    steps: list[StepCalibration]
    notes: list[str]
