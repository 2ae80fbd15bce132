"""From a time measured on the stage to an interval at production's size."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import timedelta

from rehearse.model.forecast import Interval

FARTHEST = 20.0  # beyond so many times the stage's rows no time is told, work only
# tests/benchmarks/forecast.py shows what these must hold. On a busy machine the same statement again takes up to twice
# as long, or half as long; each tenfold of size adds to the doubt, and more of it upwards: sorts spill, files no longer
# fit into caches, indexes get deeper.
_AGAIN = 2.0
_DOWN, _UP = 1.15, 1.5  # for each tenfold
_FIXED = timedelta(milliseconds=20)  # at most so much of a statement's time has nothing to do with rows


def interval(measured: timedelta, factors: Iterable[float | None]) -> Interval | None:
    """Return how long a statement takes in production, or None where it is too far to say.

    `factors` are production's rows over the stage's, of each table the statement worked on; None: not known.
    """
    every = tuple(factors)
    known = [factor for factor in every if factor is not None]
    if not known or len(known) < len(every) or max(known) > FARTHEST:
        return None
    nearest, farthest = min(known), max(known)
    tenfolds = math.log10(max(1.0, farthest))
    rows = max(timedelta(0), measured - _FIXED)
    low = rows * nearest / (_AGAIN * _DOWN**tenfolds)
    high = measured * farthest * _AGAIN * _UP**tenfolds
    return Interval(low=low, high=high)
