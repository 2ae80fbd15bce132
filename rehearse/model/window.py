"""When a release may go out: hours of days of the week, and days on which none does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WEEK = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Some hours of some days; one that ends before it begins ends on the next day."""

    written: str  # "Mon-Thu 09:00-16:00 Europe/Berlin"
    days: frozenset[int]  # 0 is Monday: the days on which it begins
    begins: time
    ends: time  # the first moment that is outside
    zone: str

    def contains(self, moment: datetime) -> bool:
        """Say whether an aware moment is in it.

        >>> from datetime import UTC
        >>> night = Window(written="", days=frozenset({4}), begins=time(22), ends=time(2), zone="Europe/Berlin")
        >>> [night.contains(datetime(2026, 11, 28, hour, tzinfo=UTC)) for hour in (0, 1)]
        [True, False]
        """
        there = moment.astimezone(ZoneInfo(self.zone))
        now = there.time()
        if self.begins < self.ends:
            return there.weekday() in self.days and self.begins <= now < self.ends
        if now >= self.begins:
            return there.weekday() in self.days
        return now < self.ends and (there.weekday() - 1) % _WEEK in self.days

    def opens_after(self, moment: datetime) -> datetime:
        """Return when it opens next, in its own time zone."""
        there = moment.astimezone(ZoneInfo(self.zone))
        days = (there.date() + timedelta(days=ahead) for ahead in range(_WEEK + 1))
        openings = (datetime.combine(day, self.begins, there.tzinfo) for day in days if day.weekday() in self.days)
        return next(opening for opening in openings if opening > there)


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """Days, the last one included, on which nothing is released; they are those of UTC."""

    first: date
    last: date

    def contains(self, day: date) -> bool:
        return self.first <= day <= self.last
