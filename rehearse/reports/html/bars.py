"""Rows as bars on a logarithmic scale, so that a sample of a thousand and a production of millions fit one line."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rehearse.model.change import RowCount


def most(counts: Sequence[RowCount]) -> int:
    """Return the power of ten at which the bars of some tables end: at least 10, not below any number of rows."""
    numbers = [number or 0 for found in counts for number in (found.before, found.after, found.production)]
    return int(10 ** max(1, math.ceil(math.log10(max(numbers, default=0) or 1))))


def share(rows: int | None, end: int) -> float:
    """Return how long a bar is, in percent: 1 row is as long as nothing else, 0 rows have no bar.

    >>> share(0, 1000), share(1, 1000), share(1000, 1000), share(None, 1000)
    (0.0, 2.0, 100.0, 0.0)
    """
    return max(2.0, round(100 * math.log10(rows) / math.log10(end), 1)) if rows else 0.0


def marks(end: int) -> tuple[tuple[float, str], ...]:
    """Return where the powers of ten stand, in percent, with their names: few enough not to touch."""
    powers = round(math.log10(end))
    step = max(1, math.ceil(powers / 4))
    return tuple((round(100 * power / powers, 1), short(power)) for power in range(0, powers + 1, step))


def short(power: int) -> str:
    """Write a power of ten in as few letters as it has to be read in.

    >>> short(2), short(4), short(9)
    ('100', '10 k', '1 G')
    """
    group, left = divmod(power, 3)
    return f"{10**left} {('', 'k', 'M', 'G', 'T', 'P')[group]}".rstrip()
