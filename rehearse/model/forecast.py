"""A forecast: how long what was measured here takes at production's size, on this hardware and with a warm cache."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from rehearse.model.quantity import duration

_NOTHING = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Between how long and how long."""

    low: timedelta
    high: timedelta

    def __contains__(self, span: timedelta) -> bool:
        return self.low <= span <= self.high

    @property
    def seconds(self) -> tuple[float, float]:
        return round(self.low.total_seconds(), 4), round(self.high.total_seconds(), 4)

    @property
    def told(self) -> str:
        """Say it as a sentence does.

        >>> Interval(low=timedelta(seconds=3), high=timedelta(seconds=8.25)).told
        '3.0 s to 8.2 s'
        """
        if self.low < _NOTHING:
            return f"up to {duration(self.high)}"
        return f"{duration(self.low)} to {duration(self.high)}"
