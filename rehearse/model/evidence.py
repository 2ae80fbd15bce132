"""The evidence a check reads: the rehearsal, the policy and every work scaled to production's size."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from rehearse.model.finding import Severity
from rehearse.model.json import JSON
from rehearse.model.masking import suspects
from rehearse.model.migration import StepRun
from rehearse.model.policy import Policy
from rehearse.model.quantity import count, listing, rows, size
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.standins import named
from rehearse.model.timeline import LockWindow, Outcome, Statement, Work
from rehearse.model.unproven import parent_is_sampled

_INSUFFICIENT_PRIVILEGE = "42501"
_NEEDS_SUPERUSER = re.compile(
    r"superuser|permission denied to create extension|permission denied to set parameter", re.IGNORECASE
)
_NO_LARGE_OBJECT = re.compile(r"large object \d+ does not exist")
_NO_EXTENSION = re.compile(
    r'extension "[^"]+" is not available|could not (open extension control|access) file'
    r'|security label provider "[^"]+" is not loaded',
    re.IGNORECASE,
)


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

    @property
    def extent(self) -> str:
        """Say how much work it is, here and in production: "2,000 rows here, 212 M (48 GB) in production"."""
        here = f"{rows(self.work.rows)} here"
        if self.production_rows is None:
            return f"{here}, an unknown number in production"
        octets = f" ({size(self.production_bytes)})" if self.production_bytes else ""
        about = "" if self.production_exact else "about "
        return f"{here}, {about}{count(self.production_rows)}{octets} in production"

    def facts(self, lock: LockWindow) -> Mapping[str, JSON]:
        """Return the numbers a finding about this work under a lock rests on."""
        return {
            "sql": self.statement.sql,
            "lock": lock.mode.value,
            "held_ms": round(lock.held.total_seconds() * 1000, 1),
            "rows": self.work.rows,
            "production_rows": self.production_rows,
            "production_bytes": self.production_bytes,
        }

    def severity(self, policy: Policy) -> Severity:
        """Block what is too much under a blocking lock, note what is not."""
        return Severity.BLOCK if self.exceeds(policy.max_blocking) else Severity.NOTE


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

    def table_locks(self, prediction: Prediction) -> tuple[LockWindow, ...]:
        """Return the locks held on the very table a work was done on, strongest first."""
        table = prediction.work.object
        return tuple(
            lock for lock in self.locks_during(prediction.statement) if lock.object == table and not lock.on_index
        )

    def strongest(self, lock: LockWindow) -> LockWindow:
        """Return the strongest lock the transaction of this one took on the same table."""
        same = [
            found
            for found in self.rehearsal.timeline.locks
            if found.transaction == lock.transaction and found.object == lock.object and not found.on_index
        ]
        return max(same, key=lambda found: found.mode.strength)

    def statement_creating(self, identity: str) -> Statement | None:
        """Return the first statement that creates or adds something of an object's name, or of its table's."""
        return self._ddl(identity, "create", ("CREATE", "REINDEX", "DO")) or self._ddl(identity, "add")

    def statement_altering(self, identity: str) -> Statement | None:
        """Return the first statement that alters something of an object's name, or of its table's."""
        return self._ddl(identity, "alter")

    def statement_dropping(self, identity: str) -> Statement | None:
        """Return the first statement that drops something of an object's name, or of its table's."""
        return self._ddl(identity, "drop")

    def statement_renaming(self, identity: str) -> Statement | None:
        """Return the first statement that renames something of an object's name, or of its table's."""
        return self._ddl(identity, "rename")

    def _ddl(self, identity: str, verb: str, tags: tuple[str, ...] = ("ALTER", "DROP", "DO")) -> Statement | None:
        parts = [part.strip('"') for part in identity.split(".")]
        ddl = [found for found in self.rehearsal.timeline.statements if found.tag.startswith(tags)]
        for name in reversed(parts[1:]):
            named = [found for found in ddl if name in found.sql and verb in found.sql.lower()]
            if named:
                return named[0]
        return None

    def last_deletion(self) -> Statement | None:
        """Return the last statement that deleted rows of any table: the likeliest origin of a cascade."""
        history = self.rehearsal.facts.history
        deleting = [
            found
            for found in self.rehearsal.timeline.statements
            if found.outcome is Outcome.APPLIED
            and found.tag.startswith(("DELETE", "TRUNCATE", "DO", "CALL"))
            and not {work.object for work in found.work} & history
        ]
        return deleting[-1] if deleting else None

    def stage_is_to_blame(self, step: StepRun, statement: Statement | None) -> str | None:
        """Say in a sentence why a failure is the stage's and proves nothing about production, or return None."""
        if any(not found.redirected for found in self.rehearsal.migration.connections):
            return None
        message = (statement.message if statement else None) or step.error or ""
        server = "(set engine.bin_dir to a server like production's, or run that step's privileged part beforehand)"
        if statement and statement.sqlstate == _INSUFFICIENT_PRIVILEGE and _NEEDS_SUPERUSER.search(message):
            return f"step {step.id} needs a superuser, and on the stage migrations never run as one: {message} {server}"
        if _NO_EXTENSION.search(message):
            return f"step {step.id} needs an extension the stage's server does not have: {message} {server}"
        if self.rehearsal.facts.large_objects and _NO_LARGE_OBJECT.search(message):
            return (
                f"step {step.id} reads a large object, and the stage has none of production's, so whether it is there "
                f"is open: {message} (try that step on a copy of production)"
            )
        standins = tuple(named(f"{statement.sql if statement else ''}\n{message}", self.rehearsal.fidelity.touched))
        if standins:
            return (
                f"step {step.id} failed at {listing(standins)}, where the stage is not production's twin (see "
                f"fidelity), so whether it fails in production is open: {message} (set engine.bin_dir to a server like "
                "production's; what no stage has, try on a copy of production)"
            )
        parent = parent_is_sampled(self.rehearsal, statement)
        if parent:
            return (
                f"step {step.id} looks for parents in {parent}, of which the stage holds a sample, so whether "
                f"production has them is open: {message} (rehearse with more --rows to have the table whole)"
            )
        masked = suspects(self.rehearsal, step, statement)
        if masked:
            columns = listing(tuple(found.identity for found in masked))
            return (
                f"step {step.id} failed on values that are masked on the stage ({columns}), so whether production's "
                f"values fail, too, is open: {message} (keep the column clear if it may be: [sanitise.columns] "
                f"{masked[-1].rule_to_keep})"
            )
        return None
