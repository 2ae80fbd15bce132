"""A policy: what the team accepts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from fnmatch import fnmatchcase

from rehearse.model.acknowledgement import Acknowledgement
from rehearse.model.admission import Admission
from rehearse.model.severity import Override, Severity
from rehearse.model.timeline import WorkKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A conservative speed of one kind of work; the slower of the two bounds counts."""

    rows: int  # rows a second
    bytes: int  # bytes a second of the table in production


# Far below what hardware does (2 M rows: rewrite 6.5 s, check scan 0.27 s, text index 4.6 s, update
# 28 s on two cores): production is colder, busier, wider and more indexed than a stage. An allowance
# computed from these is compared with max_blocking and never shown as a forecast.
RATES = {
    WorkKind.REWRITE: Rate(rows=10_000, bytes=20_000_000),
    WorkKind.SCAN: Rate(rows=100_000, bytes=100_000_000),
    WorkKind.INDEX_BUILD: Rate(rows=20_000, bytes=40_000_000),
    WorkKind.ROWS: Rate(rows=5_000, bytes=20_000_000),
}


_USUAL = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How long some tables may be worked on under a blocking lock, where that is not what holds for the others."""

    object: str  # table, or a pattern with * and ?
    max_blocking: timedelta
    environment: str | None = None  # where it is promoted to; None: everywhere


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Limits, severities and acknowledgements the judge weighs findings against.

    Of several entries that speak of one thing the last counts. What an entry says for one environment holds there;
    where the environment is not known, it holds if it is the stricter word.
    """

    max_blocking: timedelta = _USUAL
    max_row_locks: timedelta = timedelta(
        seconds=30
    )  # of rows that one transaction updates, deletes or selects FOR UPDATE
    acknowledgements: tuple[Acknowledgement, ...] = ()
    rates: dict[WorkKind, Rate] = field(default_factory=lambda: dict(RATES))
    overrides: tuple[Override, ...] = ()
    limits: tuple[Limit, ...] = ()
    admission: Admission = field(default_factory=Admission)  # what the gate asks for
    environment: str | None = None  # that is rehearsed for; None: a database nobody declared
    source: str | None = None  # the commit it was read from; None: the working tree
    notes: tuple[str, ...] = ()  # what is to be said of how it was read

    def limit_on(self, table: str) -> timedelta:
        """Return how long a table may be worked on under a blocking lock."""
        found = self.max_blocking
        for limit in self.limits:
            stricter = limit.max_blocking < found
            if fnmatchcase(table, limit.object) and self._holds(limit.environment, stricter=stricter):
                found = limit.max_blocking
        return found

    def limit_beside(self, table: str) -> timedelta:
        """Return how long work on a table may take that no blocking lock is held for.

        A limit of zero, which admits no row under such a lock, says nothing of that.
        """
        return self.limit_on(table) or _USUAL

    def override_of(self, check: str, identity: str, severity: Severity) -> Override | None:
        """Return the entry that gives a check's finding on an object its severity; None: the check's own stays."""
        found: Override | None = None
        for entry in self.overrides:
            now = found.severity if found else severity
            stricter = entry.severity.weight > now.weight
            if entry.speaks_of(check, identity) and self._holds(entry.environment, stricter=stricter):
                found = entry
        return found

    @property
    def digests(self) -> Mapping[str, str]:
        """Return a sha256 of each part of what it says; where that stands, and what steps declare, does not count."""
        rates = {kind.value: [rate.rows, rate.bytes] for kind, rate in self.rates.items()}
        plain = [
            [entry.check, entry.object, entry.reason, entry.owner, entry.expires]
            for entry in self.acknowledgements
            if entry.step is None
        ]
        overrides = [
            [entry.check, entry.severity.value, entry.reason, entry.object, entry.environment]
            for entry in self.overrides
        ]
        limits = [[limit.object, limit.max_blocking, limit.environment] for limit in self.limits]
        limits_of_all = [self.max_blocking, self.max_row_locks, rates, overrides, limits]
        return {
            "acknowledgements": _digest(plain),
            "limits": _digest(limits_of_all),
            "admission": self.admission.digest,
        }

    def _holds(self, environment: str | None, *, stricter: bool) -> bool:
        return environment in (None, self.environment) or (self.environment is None and stricter)


def _digest(said: object) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()
