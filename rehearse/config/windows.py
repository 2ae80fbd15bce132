"""Windows as people write them: "Mon-Thu 09:00-16:00 Europe/Berlin", "2026-12-18..2027-01-04"."""

from __future__ import annotations

import re
from datetime import date, time
from zoneinfo import ZoneInfo

from rehearse.errors import RequestError
from rehearse.model.window import DAYS, Freeze, Window

_WRITTEN = re.compile(
    r"(?P<days>daily|[A-Za-z]{3}(?:[-,][A-Za-z]{3})*)\s+(?P<begins>\d\d:\d\d)-(?P<ends>\d\d:\d\d)\s+(?P<zone>\S+)"
)
_MIDNIGHT = "24:00"


class NotAWindow(RequestError):
    """A text that says no window."""

    def __init__(self, text: str, why: str) -> None:
        super().__init__(
            f'"{text}" is no window: {why}.',
            'Write it as "Mon-Thu 09:00-16:00 Europe/Berlin", "Sat,Sun 22:00-02:00 UTC" or "daily 06:00-24:00 UTC".',
        )


class NotAFreeze(RequestError):
    """A text that names no days."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f'"{text}" names no days.', 'Write the first and the last one: "2026-12-18..2027-01-04", or one alone.'
        )


def window(text: str) -> Window:
    """Return a window. Raises NotAWindow.

    >>> window("Fri-Mon,Wed 22:00-02:00 UTC").days == frozenset({4, 5, 6, 0, 2})
    True
    """
    found = _WRITTEN.fullmatch(text.strip())
    if found is None:
        raise NotAWindow(text, "it names days, hours and a time zone")
    try:
        begins = time.fromisoformat(found["begins"])
        ends = time(0) if found["ends"] == _MIDNIGHT else time.fromisoformat(found["ends"])
    except ValueError:
        raise NotAWindow(text, "a day has hours from 00:00 to 24:00") from None
    if begins == ends and found["ends"] != _MIDNIGHT:
        raise NotAWindow(text, "it ends when it begins")
    try:
        ZoneInfo(found["zone"])
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        raise NotAWindow(text, f'there is no time zone "{found["zone"]}"') from None
    return Window(written=text.strip(), days=_days(found["days"], text), begins=begins, ends=ends, zone=found["zone"])


def freeze(text: str) -> Freeze:
    """Return the days of a freeze. Raises NotAFreeze.

    >>> freeze("2026-12-24").last
    datetime.date(2026, 12, 24)
    """
    first, dots, last = text.strip().partition("..")
    try:
        first_day, last_day = (date.fromisoformat(day.strip()) for day in (first, last if dots else first))
    except ValueError:
        raise NotAFreeze(text) from None
    if last_day < first_day:
        raise NotAFreeze(text)
    return Freeze(first=first_day, last=last_day)


def _days(written: str, text: str) -> frozenset[int]:
    if written.lower() == "daily":
        return frozenset(range(len(DAYS)))
    found: set[int] = set()
    for part in written.split(","):
        first, *more = (_day(name, text) for name in part.split("-"))
        last = more[-1] if more else first
        found.update((first + ahead) % len(DAYS) for ahead in range((last - first) % len(DAYS) + 1))
    return frozenset(found)


def _day(name: str, text: str) -> int:
    try:
        return DAYS.index(name.capitalize())
    except ValueError:
        raise NotAWindow(text, f'there is no day "{name}"') from None
