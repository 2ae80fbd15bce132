"""An observation: what production's migration really took, beside what was told before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt
from statistics import median

from rehearse.model.forecast import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTime:
    """How long steps took that production made visible together; mostly that is one."""

    steps: tuple[str, ...]
    took: timedelta
    exact_to: timedelta  # it may be so much more or less
    forecast: Interval | None  # of the same; None: no time was told
    seen: int | None = None  # of its statements in production's log; None: the time is not from a log
    known: int | None = None  # that it had on the stage

    @property
    def is_held(self) -> bool | None:
        """Say whether production took what was told; None where nothing was."""
        if self.forecast is None:
            return None
        return self.forecast.low - self.exact_to <= self.took <= self.forecast.high + self.exact_to

    @property
    def ratio(self) -> float | None:
        """Return the time over the (geometric) middle of what was told: 1.0 is no error."""
        if self.forecast is None:
            return None
        middle = sqrt(self.forecast.low.total_seconds() * self.forecast.high.total_seconds())
        return self.took.total_seconds() / middle if middle else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What was seen of one run's migration in production."""

    run: str
    observed_at: datetime
    source: str  # DSN without password, or the log's name
    by: str  # "log" or "heads"
    steps: tuple[StepTime, ...]
    notes: tuple[str, ...] = ()

    @property
    def took(self) -> timedelta:
        return sum((found.took for found in self.steps), timedelta(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """How good the forecasts of some steps were."""

    told: int  # steps for which a time was told
    held: int  # of these, how many took what was told
    ratio: float | None  # median of time over forecast; None: nothing was told


def accuracy(observations: Iterable[Observation]) -> Accuracy:
    """Return how good forecasts were, over all their steps."""
    steps = [step for found in observations for step in found.steps if step.forecast is not None]
    ratios = [step.ratio for step in steps if step.ratio is not None]
    return Accuracy(
        told=len(steps), held=sum(bool(step.is_held) for step in steps), ratio=median(ratios) if ratios else None
    )
