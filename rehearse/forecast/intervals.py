"""From a time measured on the stage to an interval at production's size."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import timedelta

from rehearse.model.forecast import Interval

FARTHEST = 20.0  # beyond so many times the stage's rows no time is told, work only
# The same statement again takes up to 1.5 times as long or as short; each tenfold of size adds to the doubt, and more
# of it upwards: sorts spill, files no longer fit into caches, indexes get deeper.
_AGAIN = 1.5
_DOWN, _UP = 1.25, 1.75  # for each tenfold
_FIXED = timedelta(milliseconds=20)  # at most so much of a statement's time has nothing to do with rows


def interval(measured: timedelta, factors: Iterable[float | None]) -> Interval | None:
    """Return how long a statement takes in production, or None where it is too far to say.

    `factors` are production's rows over the stage's, of each table the statement worked on; None: not known.
    """
    known = [factor for factor in factors if factor is not None]
    every = list(factors) if not known else known
    if not known or len(known) < len(every) or max(known) > FARTHEST:
        return None
    nearest, farthest = min(known), max(known)
    tenfolds = max(0.0, math.log10(farthest))
    rows = max(timedelta(0), measured - _FIXED)
    low = rows * nearest / (_AGAIN * _DOWN**tenfolds)
    high = measured * farthest * _AGAIN * _UP**tenfolds
    return Interval(low=low, high=high)
