"""An expectation: what a step declares that it means to change."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

_NUMBER = r"[+-]?\d+(?:\.\d+)?"
_BOUNDS = re.compile(rf"(?P<low>{_NUMBER})(?P<share>%?)(?:\.\.(?P<high>{_NUMBER})(?P<too>%?))?")


class Subject(Enum):
    """What an expectation speaks of."""

    ROWS = "rows"  # how many rows a table gains or loses
    VALUES = "values"  # values of a column are written anew
    DROP = "drop"  # an object goes, and what it holds with it
    NOTHING = "no data change"  # no row that existed is touched


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How many rows a table may gain (above zero) or lose (below)."""

    low: Fraction
    high: Fraction
    in_percent: bool = False  # of the rows there were before

    @classmethod
    def read(cls, text: str) -> Bounds | None:
        """Return the bounds a text gives, None if it gives none.

        >>> bounds = Bounds.read("-120..-100")
        >>> int(bounds.low), int(bounds.high), bounds.in_percent
        (-120, -100, False)
        >>> Bounds.read("-10%..0%").of(2_000)
        (Fraction(-200, 1), Fraction(0, 1))
        >>> Bounds.read("-100..-120") is None and Bounds.read("-10%..0") is None
        True
        """
        found = _BOUNDS.fullmatch(text)
        if found is None or (found["high"] and found["share"] != found["too"]):
            return None
        low = Fraction(found["low"])
        high = Fraction(found["high"]) if found["high"] else low
        return cls(low=low, high=high, in_percent=bool(found["share"])) if low <= high else None

    def of(self, rows: int) -> tuple[Fraction, Fraction]:
        """Return the bounds in rows, for a table that had so many before."""
        factor = Fraction(rows, 100) if self.in_percent else Fraction(1)
        return self.low * factor, self.high * factor


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """One declaration of one step."""

    step: str
    subject: Subject
    said: str  # as it is written: "rows public.orders -120..-100"
    place: str  # "versions/ae10_x.py:3"
    object: str = ""  # table, column, or a pattern of what goes
    bounds: Bounds | None = None  # of rows
    excuses: bool = True  # False: the base commit does not have it; it must be kept, and accepts no loss
