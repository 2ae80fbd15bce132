"""Lengths of time, as people write them."""

from __future__ import annotations

import re
from datetime import timedelta

from rehearse.config.errors import NotADuration

_DURATION = re.compile(r"\s*(?P<number>\d{1,9}(?:\.\d+)?)\s*(?P<unit>ms|s|min|h|d)\s*", re.ASCII)
_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}


def parse_duration(text: str) -> timedelta:
    """Return a length of time. Raises NotADuration.

    >>> parse_duration("500ms"), parse_duration("2min")
    (datetime.timedelta(microseconds=500000), datetime.timedelta(seconds=120))
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        raise NotADuration(text)
    return _UNITS[match["unit"]] * float(match["number"])
