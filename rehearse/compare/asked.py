"""What a comparison of counts was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from rehearse.model.counts import Tolerance
from rehearse.model.environment import Environment
from rehearse.model.identity import split
from rehearse.model.json import JSON
from rehearse.sanitise import SanitiseRules

TIME_COLUMNS = ("created_at", "created_on", "created", "inserted_at", "date_created", "creation_date", "created_date")


@dataclass(frozen=True, slots=True, kw_only=True)
class By:
    """A column to group by; of a moment in time its day, or another unit."""

    column: str
    unit: str = "day"  # of date_trunc


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Everything about one comparison but its answer."""

    environments: tuple[Environment, ...]
    tables: tuple[str, ...] = ()  # patterns over identities or bare names; none: every table
    exclude: tuple[str, ...] = ()
    views: bool = False
    elements: Mapping[str, str] = field(default_factory=dict)  # name -> SELECT of one number
    where: str | None = None
    by: By | None = None
    before: datetime | None = None  # count rows older than this moment only
    time_columns: tuple[str, ...] = TIME_COLUMNS
    tolerance: Tolerance = field(default_factory=Tolerance)
    estimate: bool = False
    content: bool = False
    locate: bool = False
    cap: int = 100  # rows located in one table at the most
    show_keys: bool = False
    masked: frozenset[str] = frozenset()  # sides that hold masked values
    jobs: int = 2
    timeout: timedelta = timedelta(minutes=15)
    recheck: timedelta | None = None
    max_lag: timedelta = timedelta(seconds=10)
    sanitise: SanitiseRules = field(default_factory=SanitiseRules)

    @property
    def is_about_rows(self) -> bool:
        """Say whether more is asked than how many rows there are, which is all that a snapshot can tell."""
        return self.content or self.where is not None or self.by is not None or self.before is not None

    @property
    def shows_values(self) -> bool:
        """Say whether values may come home: masked by the policy, unless somebody asked for them as they are."""
        return self.locate or self.by is not None or bool(self.masked)

    @property
    def needs_columns(self) -> bool:
        return self.content or self.by is not None or self.before is not None

    def told(self) -> Mapping[str, JSON]:
        """Return what limits the meaning of the answer, as a report tells it."""
        return {
            "tables": list(self.tables),
            "exclude": list(self.exclude),
            "views": self.views,
            "where": self.where,
            "by": self.by.column if self.by else None,
            "before": self.before.isoformat() if self.before else None,
            "tolerance": str(self.tolerance),
            "estimate": self.estimate,
            "content": self.content,
            "located_up_to": self.cap if self.locate else None,
            "keys_shown": self.show_keys,
            "rechecked_after_seconds": self.recheck.total_seconds() if self.recheck else None,
        }

    def wants(self, identity: str) -> bool:
        """Say whether a table is to be compared."""
        names = (identity, ".".join(split(identity)), split(identity)[-1])
        chosen = not self.tables or any(_matches(name, pattern) for pattern in self.tables for name in names)
        return chosen and not any(_matches(name, pattern) for pattern in self.exclude for name in names)


def _matches(name: str, pattern: str) -> bool:
    """Say whether a pattern means a name: as it is, or as * and ? have it."""
    return name == pattern or fnmatchcase(name, pattern)
