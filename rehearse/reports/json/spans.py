"""Spans of time as JSON has them."""

from __future__ import annotations

from datetime import timedelta


def milliseconds(span: timedelta | None) -> float | None:
    """Return milliseconds, None where there is no such span."""
    return None if span is None else span.total_seconds() * 1000


def seconds(span: timedelta) -> float:
    """Return seconds, to a tenth of a millisecond."""
    return round(span.total_seconds(), 4)
