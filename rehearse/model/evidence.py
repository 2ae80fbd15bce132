"""The evidence a check reads: the rehearsal, the policy and every work scaled to production's size."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from rehearse.model.policy import Policy
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.timeline import LockWindow, Statement, Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """One work of one statement, at production's size."""

    statement: Statement
    work: Work
    production_rows: int | None  # None: production's size is unknown, which counts as large
    production_bytes: int | None
    production_exact: bool
    allowance: timedelta | None  # by the policy's conservative rates; None: unknown, counts as large

    def exceeds(self, limit: timedelta) -> bool:
        """Say whether the work is too much to do under a blocking lock; a limit of zero admits no row.

        An unknown size counts as large.
        """
        if self.work.rows == 0 and self.production_rows == 0:
            return False
        return self.allowance is None or self.allowance > limit or limit == timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a check may look at."""

    rehearsal: Rehearsal
    policy: Policy
    predictions: tuple[Prediction, ...]

    def locks_during(self, statement: Statement) -> tuple[LockWindow, ...]:
        """Return the locks that were held while the statement ran, strongest first."""
        held = [
            lock
            for lock in self.rehearsal.timeline.locks
            if lock.transaction == statement.transaction and lock.statement <= statement.number
        ]
        return tuple(sorted(held, key=lambda lock: (-lock.mode.strength, lock.object)))
